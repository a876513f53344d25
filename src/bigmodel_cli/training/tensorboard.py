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
            hint="pip install 'bigmodel[tensorboard]'",
        )


def logs_into_run(component: Component) -> bool:
    """Whether a callback waits for the run's folder."""
    return component.name == TENSORBOARD and "log_dir" not in component.arguments


def add_tensorboard(callbacks: Any, components: Sequence[Component], objects: Objects, folder: Path) -> None:
    """Add the callbacks that log into a run's folder to those that are there.

    Args:
        callbacks: A `keras.callbacks.CallbackList`.
        components: As the config lists callbacks.
        objects: Makes them.
        folder: Where TensorBoard finds the logs.
    """
    for component in filter(logs_into_run, components):
        here = replace(component, arguments={**component.arguments, "log_dir": str(folder)})
        callback = objects.make(here)
        callbacks.append(callback)
        callback.set_params(callbacks.params)
        callback.set_model(callbacks.model)
