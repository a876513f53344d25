"""One or more numbers."""
