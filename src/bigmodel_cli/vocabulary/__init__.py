"""Tokens: what a text is cut into, the number of each, and how a tokenizer learns them."""
