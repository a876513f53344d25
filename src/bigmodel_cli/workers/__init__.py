"""Processes that train one run after another and keep TensorFlow loaded: trials of a search, folds.

`pool.py` is the side that asks, `worker.py` the process that trains; between them go lines of JSON.
"""
