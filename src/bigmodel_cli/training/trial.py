"""What only a measurement can decide; the trial steps leave no trace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from bigmodel_cli.training.steps import TrainingSteps

# A call into TensorFlow should be long enough for its overhead not to count, and short enough for the
# display and for Ctrl-C.
SECONDS_PER_EXECUTION = 0.25
TRIAL_STEPS = 8


def measure_steps_per_execution(training: TrainingSteps) -> int:
    """Training steps that fill about a quarter of a second, measured on the first batches."""
    feed = training.feed
    order = np.arange(len(feed.examples))

    def seconds(num_steps: int) -> float:
        chunk = feed.chunk(feed.rows(order, 0, num_steps))
        began = time.perf_counter()
        training.run(chunk)
        training.measures.results()
        return (time.perf_counter() - began) / num_steps

    with no_trace(training):
        seconds(1)  # traces and compiles
        step = seconds(1)
        num_steps = min(TRIAL_STEPS, feed.num_batches() - 1, feed.max_batches())
        if step * TRIAL_STEPS < SECONDS_PER_EXECUTION and num_steps > 1:
            step = seconds(num_steps)
    return max(1, min(int(SECONDS_PER_EXECUTION / step), feed.num_batches(), feed.max_batches()))


@contextmanager
def no_trace(training: TrainingSteps) -> Iterator[None]:
    variables = training.variables()
    before = [variable.numpy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
