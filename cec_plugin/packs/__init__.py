"""Starter tables: rule books as TOML, each figure with its source."""
