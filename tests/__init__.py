"""A package, so that one test file can import another by its full name."""
