"""Numbers of one shape."""
