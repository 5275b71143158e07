"""The first version of the interface."""
