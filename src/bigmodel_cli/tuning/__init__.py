"""Searches: which values of a config's keys do best on validation. A trial is a run like any other.

`search.py` tells the story: a sampler draws points, workers train their configs, the journal keeps what
happened, halving ends hopeless ones. All of it follows from the
journal, so that a search goes on where it stopped.
"""
