"""Which layers of an application learn: `trainable`; and low-rank weights beside frozen ones: `lora_rank`."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.frozen import Unfrozen, unfrozen
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.tree import ConfigPathKeys
from bigmodel_cli.modeling.cut import leaves

TRAINABLE, LORA_RANK = "trainable", "lora_rank"
# Of the layers that a message names.
_MAX_NAMED = 5


def set_trainable(application: Any, component: Component) -> None:
    """Let those layers of an application learn that its component says.

    Args:
        application: A `keras.Model`.
        component: Its step of the config.

    Raises:
        ConfigError: If it names no layer of the application.
    """
    said = component.arguments.get(TRAINABLE, True)
    if isinstance(said, bool):
        application.trainable = said
    else:
        layers = list(leaves(application))
        learning = _chosen(layers, unfrozen(said), component)
        # The application itself must be trainable, else none of its layers is.
        for layer in layers:
            layer.trainable = layer in learning
    rank = component.arguments.get(LORA_RANK)
    if rank is not None:
        _add_low_rank(application, component, rank)


def _chosen(layers: Sequence[Any], said: Unfrozen, component: Component) -> list[Any]:
    if said.last is not None and said.last > len(layers):
        raise _problem(
            component, ("last",), f"{component.name} has {len(layers)} layers, found last: {said.last}", None
        )
    chosen = list(layers[-said.last :]) if said.last is not None else []
    for pattern in said.layers:
        found = [layer for layer in layers if _fits(layer, pattern)]
        if not found:
            raise _unknown(layers, pattern, component)
        chosen += found
    for pattern in said.exceptions:
        if not any(_fits(layer, pattern) for layer in layers):
            raise _unknown(layers, pattern, component)
    return [layer for layer in chosen if not any(_fits(layer, pattern) for pattern in said.exceptions)]


def _fits(layer: Any, pattern: str) -> bool:
    """A pattern is of a layer's name, or names its class."""
    return fnmatchcase(layer.name, pattern) or type(layer).__name__ == pattern


def _unknown(layers: Sequence[Any], pattern: str, component: Component) -> Any:
    names = [layer.name for layer in layers]
    near = get_close_matches(pattern.strip("*"), names, _MAX_NAMED, 0.5) or names[-_MAX_NAMED:]
    return _problem(
        component,
        (),
        f"no layer of {component.name} has a name or a class that fits {pattern!r}",
        f"its layers are such as {', '.join(near)}; with trainable: false, show CONFIG --model lists them",
    )


def _add_low_rank(application: Any, component: Component, rank: int) -> None:
    """Keras's `enable_lora` for every layer that has it; with `trainable: false` only what it adds learns."""
    only = component.arguments.get(TRAINABLE) is False
    able = [layer for layer in leaves(application) if hasattr(layer, "enable_lora") and layer.weights]
    if not able:
        raise _problem(
            component, (), f"no layer of {component.name} can have low-rank weights", "leave it out"
        )
    if only:
        application.trainable = True
        for layer in leaves(application):
            layer.trainable = layer in able
    for layer in able:
        layer.enable_lora(rank)
        bias = getattr(layer, "bias", None)
        if only and bias is not None:
            bias.trainable = False


def _problem(component: Component, keys: ConfigPathKeys, message: str, hint: str | None) -> Any:
    path = (*component.path, TRAINABLE, *keys)
    return config_error([Problem(component.place, path, message, suggestion=hint)])
