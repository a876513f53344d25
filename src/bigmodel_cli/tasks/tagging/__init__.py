"""A class for each word."""
