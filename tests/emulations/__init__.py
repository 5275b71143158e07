"""Servers that answer as real registries were recorded to, so that adapters are tested over HTTP."""
