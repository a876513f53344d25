"""What a config says of layers that do not learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.schema import Experiment

# What an application's `trainable` may have as a mapping.
_KEYS = ("last", "layers", "except")


@dataclass(frozen=True)
class Unfrozen:
    """The layers of an application that learn.

    Attributes:
        last: So many at its end; None where they are named.
        layers: Names, patterns of names (`block5_*`), or classes.
        exceptions: The same, of layers that do not learn although they are among those.
    """

    last: int | None = None
    layers: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()


def unfrozen(said: Any) -> Unfrozen:
    """What a checked list or mapping under `trainable` says."""
    if not isinstance(said, Mapping):
        said = {"layers": said}
    return Unfrozen(said.get("last"), _texts(said.get("layers", ())), _texts(said.get("except", ())))


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def problems_of(said: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with what stands under `trainable` of an application: keys below it, and a sentence."""
    if isinstance(said, bool):
        return
    if not isinstance(said, Mapping):
        yield from _problems_of_names((), said)
        return
    for key in said:
        if key not in _KEYS:
            yield (key,), f"expected {', '.join(_KEYS)}, found {key!r}"
    if ("last" in said) == ("layers" in said):
        yield (), "expected last, a number of layers, or layers, a list of them; one of the two"
    last = said.get("last", 1)
    if not isinstance(last, int) or isinstance(last, bool) or last < 1:
        yield ("last",), f"expected a number of layers from 1 on, found {last!r}"
    for key in ("layers", "except"):
        if key in said:
            yield from _problems_of_names((key,), said[key])


def _problems_of_names(keys: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not items or not all(isinstance(i, str) and i for i in items):
        yield keys, "expected a list of names of layers, patterns such as block5_*, or classes"


def applications(steps: Iterable[Component]) -> Iterator[Component]:
    """The applications of a model, those inside blocks too."""
    for step in steps:
        if step.family == "applications":
            yield step
        for value in vars(step.options).values() if step.options is not None else ():
            yield from applications(components_in(value))


def without_weights(steps: Sequence[Component]) -> list[Component]:
    """Steps of which no application needs a file of weights, for a model that gets its own from elsewhere.

    ImageNet's weights stay: with them Keras may give an application another name.
    """
    return [_without_weights(step) for step in steps]


def _without_weights(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_without_weights(item) for item in value)
    if not isinstance(value, Component):
        return value
    if value.family == "applications" and value.arguments.get("weights", "imagenet") != "imagenet":
        return replace(value, arguments={**value.arguments, "weights": None})
    if value.options is None:
        return value
    inside = {name: _without_weights(given) for name, given in vars(value.options).items()}
    return replace(value, options=value.options.model_copy(update=inside))


def begins_frozen(experiment: Experiment) -> bool:
    """Whether something that does not learn may come first, with no augmentation before it."""
    return not experiment.augmentation and any(map(_is_frozen, experiment.model))


def _is_frozen(step: Component) -> bool:
    """Whether a step of the model, or something in it, is frozen at least in part."""
    if step.arguments.get("trainable", True) is not True:
        return True
    inside = vars(step.options).values() if step.options is not None else step.arguments.values()
    return any(_is_frozen(component) for value in inside for component in components_in(value))


def components_in(value: Any) -> Iterable[Component]:
    """The components of an argument, also inside lists and mappings."""
    if isinstance(value, Component):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [one for item in value for one in components_in(item)] if isinstance(value, list | tuple) else []
