"""A learning rate that is found when the steps which it is for are compiled already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bigmodel_cli.modeling.relied_on import relied_on, replaced
from bigmodel_cli.training.learning_rate import RATES
from bigmodel_cli.training.rate_rule import bases, is_power_of_two


class TriedRate:
    """The learning rate of compiled steps, which may be any while rates are tried, and is then settled.

    A number is a variable anyway. Of a schedule a graph holds on to the rates that it had when the graph was
    traced: so what is traced multiplies it by a variable, which is a power of two. That rounds nothing, so
    that the steps compute what they would, to the last digit, had the rate been there from the beginning.
    For rates in between there is a second schedule, whose variable is 0 where the first one is followed.

    Args:
        optimizer: Of the model, whose rate stands for one that is not found yet; it was built in this scope.
        names: The schedule's arguments that become the rate.
    """

    def __init__(self, optimizer: Any, names: Sequence[str]) -> None:
        import keras
        import tensorflow as tf

        self._owner = getattr(optimizer, "inner_optimizer", optimizer)
        rate = relied_on(self._owner, "_learning_rate")
        is_schedule = isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
        self._schedule = rate if is_schedule else None
        self._names = names
        if is_schedule:
            self._built_with: float = getattr(rate, names[0])
            self._tried, *self._factors = (
                tf.Variable(value, trainable=False, dtype=tf.float32) for value in (0.0, 1.0, 0.0)
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
        rates = []
        for base in bases(self._built_with):
            self._name(base)
            rates.append(tf.convert_to_tensor(self._schedule(self._owner.iterations)))
        self._name(self._built_with)
        followed = [
            rate * tf.cast(factor, rate.dtype) for rate, factor in zip(rates, self._factors, strict=True)
        ]
        # All but one are 0.
        return tf.add_n([tf.cast(self._tried, rates[0].dtype), *followed])

    def _name(self, rate: float) -> None:
        for name in self._names:
            setattr(self._schedule, name, rate)

    def use(self, rate: float) -> None:
        """Let the next steps have this rate, whatever the schedule says."""
        if self._schedule is None:
            self._owner.learning_rate = rate
        else:
            self._follow([0.0, 0.0], tried=rate)

    def _follow(self, factors: Sequence[float], *, tried: float = 0.0) -> None:
        self._tried.assign(tried)
        for variable, factor in zip(self._factors, factors, strict=True):
            variable.assign(factor)

    def settle(self, rate: float) -> bool:
        """Let the optimizer have the rate that was found, and the steps follow the schedule again.

        Args:
            rate: Of a schedule as `as_multiple` gives it of the one that it was built with.

        Returns:
            Whether compiled steps follow; else they are to be traced anew.
        """
        if self._schedule is None:
            self._owner.learning_rate = rate
            return True
        config, factors = self._schedule.get_config(), [rate / base for base in bases(self._built_with)]
        self._name(rate)
        followed = [factor if is_power_of_two(factor) else 0.0 for factor in factors]
        # All its rates, or those that are not 0, grow alike.
        if not any(followed) or any(config.get(name) for name in RATES if name not in self._names):
            return False
        self._follow(followed)
        return True
