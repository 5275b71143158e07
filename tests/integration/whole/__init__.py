"""Whole deliveries: from a completion to what a registry's own data says, and back by its reports."""
