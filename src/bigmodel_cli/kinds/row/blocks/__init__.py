"""Blocks of a table as a model of rows takes them."""
