"""Texts word by word, of which the longer ones are looked at in windows."""
