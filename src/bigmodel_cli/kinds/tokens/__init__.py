"""Windows of a text, token by token."""
