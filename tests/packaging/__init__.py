"""What is installed is what is here. Run apart from the other tests: it builds the package."""
