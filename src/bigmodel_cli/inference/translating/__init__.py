"""Another text from a model that gives, for each place, the token that follows of it."""
