"""One of few words for each example."""
