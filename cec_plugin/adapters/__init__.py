"""The outside world: the learning platform, its events, and the registries."""
