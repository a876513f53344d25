"""A learning rate that is found when the steps which it is for are compiled already."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bigmodel_cli.modeling.relied_on import relied_on, replaced
from bigmodel_cli.training.learning_rate import RATES


class TriedRate:
    """The learning rate of compiled steps, which may be any while rates are tried, and is then settled.

    A number is a variable anyway. Of a schedule a graph holds on to the rates that it had when the graph was
    traced: so what is traced multiplies it by a variable, which is a power of two. That rounds nothing, so
    that the steps compute what they would, to the last digit, had the rate been there from the beginning.

    Args:
        optimizer: Of the model, whose rate stands for one that is not found yet; it was built in this scope.
    """

    def __init__(self, optimizer: Any) -> None:
        import keras
        import tensorflow as tf

        self._owner = getattr(optimizer, "inner_optimizer", optimizer)
        rate = relied_on(self._owner, "_learning_rate")
        is_schedule = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
        self._schedule = rate if is_schedule else None
        if is_schedule:
            self._tried, self._factor = (
                tf.Variable(value, trainable=False, dtype=tf.float32) for value in (0.0, 1.0)
            )

    @contextmanager
    def traced(self) -> Iterator[None]:
        """Inside, what is traced reads the rate that is tried, or else what is settled."""
        if self._schedule is None:
            yield
            return
        with replaced(self._owner, "_get_current_learning_rate", self._current):
            yield

    def _current(self) -> Any:
        import tensorflow as tf

        assert self._schedule is not None
        rate = tf.convert_to_tensor(self._schedule(self._owner.iterations))
        tried, factor = (tf.cast(variable, rate.dtype) for variable in (self._tried, self._factor))
        return tf.where(tried > 0, tried, rate * factor)

    def use(self, rate: float) -> None:
        """Let the next steps have this rate, whatever the schedule says."""
        if self._schedule is None:
            self._owner.learning_rate = rate
        else:
            self._tried.assign(rate)

    def settle(self, rate: float, names: Sequence[str]) -> bool:
        """Let the optimizer have the rate that was found, and the steps follow the schedule again.

        Args:
            rate: Of a schedule a power of two times the one that it was built with.
            names: The schedule's arguments that become it.

        Returns:
            Whether compiled steps follow; else they are to be traced anew.
        """
        if self._schedule is None:
            self._owner.learning_rate = rate
            return True
        before, factor = self._schedule.get_config(), rate / getattr(self._schedule, names[0])
        for name in names:
            setattr(self._schedule, name, rate)
        self._tried.assign(0.0)
        # All its rates, or those that are not 0, grow alike.
        if math.frexp(factor)[0] != 0.5 or any(before.get(name) for name in RATES if name not in names):
            return False
        self._factor.assign(factor)
        return True
