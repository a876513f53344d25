"""Words that are split already."""
