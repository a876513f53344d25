"""The text itself, one token on."""
