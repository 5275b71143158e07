"""A small member registry of our own, with switches for what real registries get wrong."""
