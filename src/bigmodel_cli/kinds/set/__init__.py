"""Several of few words for each example."""
