"""A run's model as files for elsewhere, each measured against the run before it counts as done.

`formats/` has a module for each format: how it is written here, opened by its own runtime, and used in an
example. `deployed.py` is what all of them are made from, `runtime.py` a process that has a format's runtime
alone, `measuring.py` and `comparison.py` say how the file answers beside the run, `export.py` tells the
story.
"""
