"""A model that was trained elsewhere becomes a run: `bigmodel adopt`."""
