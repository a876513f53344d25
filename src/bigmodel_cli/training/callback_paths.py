"""Where callbacks write: relative paths are inside the run, folders are made, failures are named."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

from bigmodel_cli.config.callback_paths import FILES, PATHS, written_path
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.losses_and_metrics import Direction
from bigmodel_cli.errors import ResourceError
from bigmodel_cli.modeling.objects import Objects
from bigmodel_cli.training.callbacks import make_callback
from bigmodel_cli.training.tensorboard import logs_into_run


def require_writable(components: Sequence[Component]) -> None:
    """Find out before training whether callbacks can write outside of the run's folder.

    Raises:
        ResourceError: If one cannot; names the path.
    """
    for component in components:
        path = written_path(component)
        if path is not None and path.is_absolute():
            _make_room(component, path)


def put_into_run(
    callbacks: Any,
    components: Sequence[Component],
    objects: Objects,
    folder: Path,
    directions: Mapping[str, Direction],
) -> Any:
    """The callbacks with those whose paths are relative writing into a run.

    Args:
        callbacks: A `keras.callbacks.CallbackList` of those that do not wait for the run.
        components: As the config lists them.
        objects: Makes them.
        folder: Of the run, for what its callbacks write.
        directions: Which value of each metric is better.

    Returns:
        A `keras.callbacks.CallbackList` with the same callbacks in the same order, each of which says by name
        what it could not write.

    Raises:
        ResourceError: If a folder cannot be made.
    """
    import keras

    everything = list(callbacks.callbacks)
    made = [component for component in components if not logs_into_run(component)]
    for index, component in enumerate(made):
        path = written_path(component)
        if path is None:
            continue
        if not path.is_absolute():
            path = folder / path
            _make_room(component, path)
        arguments = {**component.arguments, PATHS[component.name]: str(path)}
        inside = replace(component, arguments=arguments)
        everything[index] = make_callback(inside, objects, directions)
        _name_what_fails(everything[index], component.name, path)
    return keras.callbacks.CallbackList(everything, model=callbacks.model, **callbacks.params)


def _make_room(component: Component, path: Path) -> None:
    """Make the folder that a path is in, as far as no placeholder names it."""
    whole = path.parent if component.name in FILES else path
    parts = whole.parts
    fixed = next((number for number, part in enumerate(parts) if "{" in part), len(parts))
    folder = Path(*parts[:fixed])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(component.name, path, error.strerror or str(error)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _cannot_write(component.name, path, f"{folder} allows no new files")
    if component.name in FILES and path.is_dir():
        raise _cannot_write(component.name, path, "it is a folder")


def _cannot_write(name: str, path: Path, reason: str) -> ResourceError:
    return ResourceError(
        f"the callback {name} cannot write {path}: {reason}",
        hint="write a path of your own, or a relative one, which is inside the run",
    )


def _name_what_fails(callback: Any, name: str, path: Path) -> None:
    """Make an error of the system in one of a callback's hooks one that names its path."""
    for hook in dir(type(callback)):
        if hook.startswith("on_"):
            setattr(callback, hook, _naming(getattr(callback, hook), name, path))


def _naming(hook: Callable[..., Any], name: str, path: Path) -> Callable[..., Any]:
    from tensorflow.errors import OpError

    # Keras asks a hook whether it is only the default one.
    @wraps(hook)
    def named(*arguments: Any, **named_arguments: Any) -> Any:
        try:
            return hook(*arguments, **named_arguments)
        except (OSError, OpError) as error:
            raise _cannot_write(name, path, getattr(error, "strerror", None) or str(error)) from error

    return named
