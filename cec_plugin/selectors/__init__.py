"""Reads; each module is a noun."""
