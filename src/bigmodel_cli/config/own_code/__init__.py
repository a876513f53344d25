"""The Python files that a config names under `code`: what they define, read from their text and never run."""
