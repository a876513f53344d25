"""`learning_rate: auto`: where it stands in an optimizer, and what comes in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bigmodel_cli.config.catalogue import HIGHEST_RATES, load_catalogue
from bigmodel_cli.config.components import Component, base_of, entry_of
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import ConfigPathKeys, dotted

AUTO = "auto"
RATE = "learning_rate"
INNER = "inner_optimizer"
_FALLING = frozenset(
    {"CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "PolynomialDecay"}
)
# The callback that lowers a rate that is a number.
_LOWERING = "ReduceLROnPlateau"


def inner_of(optimizer: Component) -> Component:
    """The optimizer that has the learning rate: one that wraps another leaves it to that."""
    inner = optimizer.arguments.get(INNER)
    return inner_of(inner) if isinstance(inner, Component) else optimizer


def class_of(optimizer: Component) -> str:
    """Keras's class of an optimizer that a config may call by its short string."""
    return load_catalogue().identifiers("optimizers").get(optimizer.name) or base_of(optimizer)


def rates_to_find(optimizer: Component) -> list[ConfigPathKeys]:
    """Where `auto` stands in an optimizer, from the root of the config."""
    return list(_places(optimizer))


def _places(component: Component) -> Iterator[ConfigPathKeys]:
    for key, value in component.arguments.items():
        if isinstance(value, Component):
            yield from _places(value)
        elif key in HIGHEST_RATES and value == AUTO:
            yield *component.path, key


def with_rate(optimizer: Component, rate: float) -> Component:
    """An optimizer with a rate where it has `auto`."""
    arguments = {
        key: with_rate(value, rate)
        if isinstance(value, Component)
        else rate
        if key in HIGHEST_RATES and value == AUTO
        else value
        for key, value in optimizer.arguments.items()
    }
    return replace(optimizer, arguments=arguments)


def with_constant_rate(optimizer: Component, rate: float | str) -> Component:
    """An optimizer with a rate that is a number, or `auto`, whatever it has."""
    inner = optimizer.arguments.get(INNER)
    changed = {INNER: with_constant_rate(inner, rate)} if isinstance(inner, Component) else {RATE: rate}
    return replace(optimizer, arguments={**optimizer.arguments, **changed})


def default_rate(optimizer: Component) -> float:
    """Keras's default of an optimizer's learning rate."""
    inner = inner_of(optimizer)
    entry = entry_of(inner) or load_catalogue().entry("optimizers", class_of(inner))
    default = entry.parameters[RATE].default if entry is not None and RATE in entry.parameters else None
    return float(default) if isinstance(default, int | float) else 1e-3


def word_for(optimizer: Component, rate: float) -> str:
    """What on the command line gives an optimizer that rate."""
    inner = inner_of(optimizer)
    # The path of a bare name ends before it.
    own = (*inner.path, inner.name) if inner.path[-1] in ("optimizer", INNER) else inner.path
    place: ConfigPathKeys = (*own, RATE)
    schedule = inner.arguments.get(RATE)
    if isinstance(schedule, Component):
        key = "warmup_target" if is_warmed_up(optimizer) else "initial_learning_rate"
        place = (*schedule.path, key)
    return f"{dotted(place)}={rate!r}"


def is_warmed_up(optimizer: Component) -> bool:
    """Whether the schedule of an optimizer's rate goes up to its highest rate first."""
    schedule = inner_of(optimizer).arguments.get(RATE)
    return isinstance(schedule, Component) and schedule.arguments.get("warmup_target") is not None


def falls(experiment: Experiment) -> bool:
    """Whether the rate becomes smaller in the course of training."""
    schedule = inner_of(experiment.optimizer).arguments.get(RATE)
    if isinstance(schedule, Component):
        return schedule.name in _FALLING
    return any(callback.name == _LOWERING for callback in experiment.training.callbacks)
