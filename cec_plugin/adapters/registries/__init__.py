"""One adapter for each kind of registry; ``build`` makes one from its row."""
