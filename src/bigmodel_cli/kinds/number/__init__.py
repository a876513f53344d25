"""Numbers, one for each example."""
