"""What training steps change, taken before some of them are made, and put back after them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from bigmodel_cli.training.steps import TrainingSteps


class Snapshot:
    """The value of every variable that a step changes: weights, optimizer, seeds and metrics.

    All processes have to take it at the same point of their work.

    Args:
        training: Compiled training steps.
    """

    def __init__(self, training: TrainingSteps) -> None:
        self._variables = [*training.variables().values()]
        read = training.distribution.read
        if training.distribution.is_single:
            # One by one, there is never a second copy of what begins with zeros, as an optimizer's slots do.
            self._values = [_compact(*read([variable])) for variable in self._variables]
        else:
            self._values = [_compact(value) for value in read(self._variables)]

    def put_back(self) -> None:
        """Let the variables have these values again."""
        for variable, value in zip(self._variables, self._values, strict=True):
            variable.assign(value)


@contextmanager
def no_trace(training: TrainingSteps) -> Iterator[None]:
    """Put every variable that a step changes back at the block's end."""
    before = Snapshot(training)
    try:
        yield
    finally:
        before.put_back()


def _compact(value: np.ndarray) -> np.ndarray:
    """The same values; of zeros alone an array that takes no memory."""
    if np.ascontiguousarray(value).reshape(-1).view(np.uint8).any():
        return value
    return np.broadcast_to(np.zeros((), value.dtype), value.shape)
