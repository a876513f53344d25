"""What a config says of layers that do not learn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.schema import Experiment


def begins_frozen(experiment: Experiment) -> bool:
    """Whether something that does not learn may come first, with no augmentation before it."""
    return not experiment.augmentation and any(map(_is_frozen, experiment.model))


def _is_frozen(step: Component) -> bool:
    """Whether a step of the model, or something in it, is frozen at least in part."""
    if step.arguments.get("trainable", True) is not True:
        return True
    inside = vars(step.options).values() if step.options is not None else step.arguments.values()
    return any(_is_frozen(component) for value in inside for component in _components(value))


def _components(value: Any) -> Iterable[Component]:
    if isinstance(value, Component):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [one for item in value for one in _components(item)] if isinstance(value, list | tuple) else []
