"""Cross-validation: every example is predicted once by a model that has not seen it.

`crossval.py` tells the story: `plan.py` deals the examples into folds, workers train a run for each,
`predictions.py` puts what they predicted together, `results.py` says how good that is. A fold is a run like
any other, so that what was begun goes on.
"""
