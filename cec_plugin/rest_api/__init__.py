"""What other programs ask by HTTP; a version a package."""
