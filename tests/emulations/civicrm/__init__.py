"""CiviCRM's APIv4 as far as credits need it: held to the recorded exchanges by a replay of each."""
