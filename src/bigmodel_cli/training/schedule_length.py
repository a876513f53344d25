"""How long the schedule of a learning rate is, where that changes while training goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bigmodel_cli.modeling.relied_on import relied_on


class ScheduleLength:
    """The number of steps that a decaying schedule covers, which compiled steps read anew each time.

    A graph would hold on to `decay_steps` as the number that it was when the graph was traced. While one is
    traced, a variable stands there; at all other times the schedule is plain Keras, as it is saved.

    Args:
        optimizer: Of the model, with a schedule that has `decay_steps`; it was built in this scope.
    """

    def __init__(self, optimizer: Any) -> None:
        import tensorflow as tf

        self._schedule = relied_on(getattr(optimizer, "inner_optimizer", optimizer), "_learning_rate")
        self._variable = tf.Variable(float(self._schedule.decay_steps), trainable=False, dtype=tf.float32)

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Inside, what is traced reads the variable."""
        number = self._schedule.decay_steps
        self._schedule.decay_steps = self._variable
        try:
            yield
        finally:
            self._schedule.decay_steps = number

    def cover(self, num_steps: int) -> None:
        """From now on the schedule ends after so many steps of the whole run, its warm-up among them."""
        warmup = int(getattr(self._schedule, "warmup_steps", 0) or 0)
        self._schedule.decay_steps = max(1, num_steps - warmup)
        self._variable.assign(float(self._schedule.decay_steps))
