"""Scores of groups of examples, and how far they are apart: NumPy alone."""
