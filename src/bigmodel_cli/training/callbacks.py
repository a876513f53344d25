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
