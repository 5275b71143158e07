"""Writes, one verb a module; each says which transaction it needs."""
