"""Kinds of values that a column of examples may have: a folder for each, with a file for each storey."""
