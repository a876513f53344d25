"""The learning rate of a compiled model, be it a number or a schedule."""

from __future__ import annotations

from typing import Any

# The arguments of Keras's schedules that are learning rates.
RATES = ("initial_learning_rate", "warmup_target", "end_learning_rate", "values")


def has_schedule(optimizer: Any) -> bool:
    """Whether the learning rate follows a schedule."""
    import keras

    return isinstance(_schedule(optimizer), keras.optimizers.schedules.LearningRateSchedule)


def current_learning_rate(optimizer: Any) -> float:
    """The rate of the next step."""
    import keras

    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))


def rate_text(rate: float) -> str:
    """A learning rate as people read it everywhere, which a config takes as it is: `1.00e-03`."""
    return f"{rate:.2e}"


def multiply_learning_rate(optimizer: Any, factor: float) -> None:
    """Multiply the learning rate; a schedule is replaced by one of its class with all rates multiplied."""
    if not has_schedule(optimizer):
        optimizer.learning_rate = current_learning_rate(optimizer) * factor
        return
    schedule = _schedule(optimizer)
    config = schedule.get_config()
    for key in RATES:
        if isinstance(config.get(key), list | tuple):
            config[key] = [value * factor for value in config[key]]
        elif config.get(key) is not None:
            config[key] *= factor
    optimizer.learning_rate = type(schedule).from_config(config)


def _schedule(optimizer: Any) -> Any:
    """The schedule as an object, or a number: Keras gives either as part of the config alone."""
    import keras

    inner = getattr(optimizer, "inner_optimizer", optimizer)
    rate = inner.get_config()["learning_rate"]
    return keras.optimizers.schedules.deserialize(rate) if isinstance(rate, dict) else rate
