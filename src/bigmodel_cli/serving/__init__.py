"""A run's model over HTTP."""
