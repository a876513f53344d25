"""Logs for TensorBoard: into the run's folder, where the config names no other."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.objects import Objects

TENSORBOARD = "TensorBoard"


def require_tensorboard(components: Sequence[Component]) -> None:
    """Find out before training whether the package is there that a `TensorBoard` callback needs.

    Raises:
        UsageError: If it is not.
    """
    wanted = any(component.name == TENSORBOARD for component in components)
    if wanted and importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "the callback TensorBoard needs the package tensorboard, which is not installed",
            hint="pip install tensorboard",
        )


def logs_into_run(component: Component) -> bool:
    """Whether a callback waits for the run's folder."""
    return component.name == TENSORBOARD and "log_dir" not in component.arguments


def with_tensorboard(callbacks: Any, components: Sequence[Component], objects: Objects, folder: Path) -> Any:
    """The callbacks with those that log into a run's folder.

    Args:
        callbacks: A `keras.callbacks.CallbackList`.
        components: As the config lists callbacks.
        objects: Makes them.
        folder: Where TensorBoard finds the logs.

    Returns:
        A `keras.callbacks.CallbackList`: the same one where nothing logs.
    """
    import keras

    made = [
        objects.make(replace(component, arguments={**component.arguments, "log_dir": str(folder)}))
        for component in components
        if logs_into_run(component)
    ]
    if not made:
        return callbacks
    # Keras looks at all of them when it decides whether they may run beside training.
    everything = [*callbacks.callbacks, *made]
    return keras.callbacks.CallbackList(everything, model=callbacks.model, **callbacks.params)
