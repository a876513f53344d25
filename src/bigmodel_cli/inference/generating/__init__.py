"""Text from a model that gives, for each place of a window, the token that follows."""
