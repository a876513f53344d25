"""What a config says of layers that do not learn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.schema import Experiment

# What an application's `trainable` may have as a mapping.
KEYS = ("last", "layers", "except")
# What of an application's arguments changes no shape of its weights.
_NO_SHAPES = frozenset({"weights", "trainable", "lora_rank", "name", "pooling", "input_shape"})
_BATCH_NORM = "BatchNormalization"


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


def may_learn(component: Component) -> bool:
    """Whether a component, or something in it, is not said to be frozen."""
    said = component.arguments.get("trainable", True)
    if component.options is not None:
        said = getattr(component.options, "trainable", said)
    return said is not False


def may_learn_batch_norm(said: Any) -> bool:
    """Whether what stands under `trainable` of an application lets batch normalization learn.

    What its layers are called, only the application knows: most have `bn` in their names, and a name that is
    no class is taken for one that may be of one.
    """
    if isinstance(said, bool) or any(True for _ in problems_of(said)):
        return said is not False
    chosen = unfrozen(said)
    if any(name == _BATCH_NORM or "bn" in name for name in chosen.exceptions):
        return False
    # Classes begin in upper case, names of layers in lower case.
    is_named = any(name == _BATCH_NORM or not name[0].isupper() for name in chosen.layers)
    return chosen.last is not None or is_named


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
        if key not in KEYS:
            yield (key,), f"expected {', '.join(KEYS)}, found {key!r}"
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
    return [_without_weights(step, lambda one: not _begins_as_imagenet(one)) for step in steps]


def without_weights_of(steps: Sequence[Component], others: Sequence[Component]) -> list[Component]:
    """Steps of which no application needs ImageNet's weights that others, whose weights are taken, have."""
    theirs = [_architecture(one) for one in applications(others)]

    def is_theirs(application: Component) -> bool:
        return _begins_as_imagenet(application) and _architecture(application) in theirs

    return [_without_weights(step, is_theirs) for step in steps]


def _begins_as_imagenet(application: Component) -> bool:
    return bool(application.arguments.get("weights", "imagenet") == "imagenet")


def _architecture(application: Component) -> tuple[str, dict[str, Any]]:
    """What decides the shapes of an application's weights."""
    entry = load_catalogue().entry("applications", application.name)
    defaults = {} if entry is None else {name: value.default for name, value in entry.parameters.items()}
    arguments = {**defaults, **application.arguments}
    return application.name, {name: arguments[name] for name in arguments if name not in _NO_SHAPES}


def _without_weights(value: Any, of: Callable[[Component], bool]) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_without_weights(item, of) for item in value)
    if not isinstance(value, Component):
        return value
    if value.family == "applications" and of(value):
        return replace(value, arguments={**value.arguments, "weights": None})
    if value.options is None:
        return value
    inside = {name: _without_weights(given, of) for name, given in vars(value.options).items()}
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
