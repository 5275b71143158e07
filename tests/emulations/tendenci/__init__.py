"""A Tendenci with the add-on that takes transcripts, as far as it was recorded."""
