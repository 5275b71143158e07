"""A host project to see the plugin at work: a small campus with real events, and a story."""
