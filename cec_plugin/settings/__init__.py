"""What the plugin adds to the platform's settings."""
