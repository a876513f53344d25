"""Texts as tokens of a tokenizer."""
