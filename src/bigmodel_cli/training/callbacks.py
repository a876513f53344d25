"""Keras callbacks of a config, working in our loop unchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.losses_and_metrics import Direction
from bigmodel_cli.config.naming import direction
from bigmodel_cli.modeling.objects import Objects
from bigmodel_cli.training.tensorboard import logs_into_run


def make_callbacks(
    components: Sequence[Component],
    objects: Objects,
    model: Any,
    *,
    epochs: int,
    steps: int,
    directions: Mapping[str, Direction],
) -> Any:
    """A `keras.callbacks.CallbackList` of the config's callbacks, but those that wait for the run's folder.

    An optimizer that averages weights (`use_ema`) gets `SwapEMAWeights`, so that what is validated and
    saved as the best is the average, not the weights it is taken over.

    Args:
        components: As the config lists them.
        objects: Makes them.
        model: The compiled model.
        epochs: Of the whole run.
        steps: Training steps per epoch.
        directions: Which values of loss and metrics are better, by name.

    Raises:
        ConfigError: If Keras refuses one of them.
    """
    import keras

    made_now = [component for component in components if not logs_into_run(component)]
    callbacks = [make_callback(component, objects, directions) for component in made_now]
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if optimizer.use_ema and not any(isinstance(c, keras.callbacks.SwapEMAWeights) for c in callbacks):
        callbacks.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
    return keras.callbacks.CallbackList(
        callbacks, add_history=True, add_progbar=False, model=model, epochs=epochs, steps=steps, verbose=0
    )


def make_callback(component: Component, objects: Objects, directions: Mapping[str, Direction]) -> Any:
    """A callback with its `mode: auto` decided; Keras looks at metrics that only its own loop fills.

    Raises:
        ConfigError: If Keras refuses it.
    """
    callback = objects.make(component)
    if getattr(callback, "mode", None) == "auto" and getattr(callback, "monitor", None):
        callback.mode = direction(callback.monitor, directions)
    return callback


# What Keras calls when a step, or several, are over.
_BETWEEN_STEPS = "on_train_batch_end", "on_batch_end", "on_train_batch_begin", "on_batch_begin"


def look_between_steps(callbacks: Sequence[Any]) -> bool:
    """Whether any of a `CallbackList` may look at weights inside an epoch.

    Keras's own save them there with `save_freq` alone; others may do whatever they like.
    """
    return any(map(_looks_between_steps, callbacks))


def _looks_between_steps(callback: Any) -> bool:
    import keras

    kind = type(callback)
    if kind.__module__.startswith("keras."):
        return bool(getattr(callback, "save_freq", "epoch") != "epoch")
    return any(getattr(kind, name) is not getattr(keras.callbacks.Callback, name) for name in _BETWEEN_STEPS)
