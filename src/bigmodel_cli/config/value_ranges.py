"""What values lie in on their way through layers, as far as the config tells.

Keras's colour layers clip to their `value_range`, which is [0, 255] unless it is written: behind
`Rescaling: {scale: 1/255}` they ruin the examples without a word. So it follows from what arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.components import Component, entry_of
from bigmodel_cli.config.facts import DataFacts, ValueRange
from bigmodel_cli.config.schema import Experiment

VALUE_RANGE = "value_range"
# Layers that move or average values, and make no new ones.
_KEEPING = frozenset(
    {
        "AveragePooling2D",
        "CenterCrop",
        "Cropping2D",
        "CutMix",
        "Flatten",
        "Identity",
        "MaxPooling2D",
        "MixUp",
        "Permute",
        "RandomCrop",
        "RandomFlip",
        "RandomGrayscale",
        "RandomPerspective",
        "RandomRotation",
        "RandomShear",
        "RandomTranslation",
        "RandomZoom",
        "Reshape",
        "Resizing",
        "UpSampling2D",
        "affine",
    }
)
# What ranges of real examples stand for.
_USUAL: tuple[ValueRange, ...] = ((0, 1), (-1, 1), (0, 255))
# Of what arrives, what may lie outside of a range that is written; and how much wider that may be.
_TOLERANCE = 0.02
_TOO_WIDE = 4


@dataclass(frozen=True)
class Arrival:
    """What arrives at a layer.

    Attributes:
        component: The layer.
        values: What they lie in; None where that is not known.
        hidden_by: The layer since which it is not known; None where it is the data's to tell.
    """

    component: Component
    values: ValueRange | None
    hidden_by: Component | None = None


def takes_range(component: Component) -> bool:
    """Whether a layer has an argument `value_range`."""
    entry = entry_of(component) if component.family == "layers" else None
    return entry is not None and VALUE_RANGE in entry.parameters


def arrivals(experiment: Experiment, facts: DataFacts) -> list[Arrival]:
    """What arrives at each layer before the network: preprocessing, then augmentation."""
    layers = [*experiment.shared_preprocessing, *experiment.shared_augmentation]
    return list(_through(layers, Arrival(experiment.data.source, usual(facts.value_range))))


def reaching_network(experiment: Experiment, facts: DataFacts) -> ValueRange | None:
    """What the values of preprocessed examples lie in; None where that is not known."""
    start = Arrival(experiment.data.source, usual(facts.value_range))
    last = [start, *_through(experiment.shared_preprocessing, start)][-1]
    return _after(last).values


def usual(values: ValueRange | None) -> ValueRange | None:
    """The range that real examples stand for: values from 0.02 to 0.97 are of [0, 1]."""
    if values is None:
        return None
    return next((known for known in _USUAL if known[0] <= values[0] and values[1] <= known[1]), values)


def fits(written: Any, values: ValueRange) -> bool:
    """Whether a `value_range` is that of what arrives: not cut off, and not many times as wide."""
    if not _is_range(written):
        # Keras says what is wrong with it.
        return True
    low, high = written
    slack = _TOLERANCE * (values[1] - values[0])
    is_inside: bool = low - slack <= values[0] and values[1] <= high + slack
    return is_inside and bool(high - low <= _TOO_WIDE * (values[1] - values[0]))


def with_value_ranges(experiment: Experiment, facts: DataFacts) -> Experiment:
    """The experiment with every `value_range` written out that follows from what arrives."""
    found = {
        arrival.component.path: [_short(bound) for bound in arrival.values]
        for arrival in arrivals(experiment, facts)
        if arrival.values is not None
        and takes_range(arrival.component)
        and arrival.component.arguments.get(VALUE_RANGE) is None
    }
    if not found:
        return experiment
    sections = ("preprocessing", "augmentation")
    update = {
        name: [_filled(layer, found) for layer in layers]
        for name in sections
        if isinstance(layers := getattr(experiment, name), list)
    }
    return experiment.model_copy(update=update)


def _filled(value: Any, found: dict[Any, list[float]]) -> Any:
    if isinstance(value, list):
        return [_filled(item, found) for item in value]
    if not isinstance(value, Component):
        return value
    arguments = {key: _filled(argument, found) for key, argument in value.arguments.items()}
    if value.path in found:
        arguments[VALUE_RANGE] = found[value.path]
    return replace(value, arguments=arguments)


def _through(layers: Iterable[Component], arrival: Arrival) -> Iterator[Arrival]:
    """What arrives at each of these layers, and at those inside a `Pipeline`.

    Args:
        layers: From first to last.
        arrival: What arrives at the first one.
    """
    for layer in layers:
        arrival = replace(arrival, component=layer)
        inner = layer.arguments.get("layers")
        if layer.name == "Pipeline" and isinstance(inner, list) and inner:
            inside = list(_through(inner, arrival))
            yield from inside
            arrival = _after(inside[-1])
        else:
            yield arrival
            arrival = _after(arrival)


def _after(arrival: Arrival) -> Arrival:
    """What leaves a layer."""
    layer, values = arrival.component, arrival.values
    if layer.name in _KEEPING or layer.family == "sources":
        return arrival
    if takes_range(layer):
        written: Any = layer.arguments.get(VALUE_RANGE)
        return replace(arrival, values=(written[0], written[1]) if _is_range(written) else values)
    if layer.name == "Rescaling" and values is not None:
        scaled = _rescaled(layer, values)
        return replace(arrival, values=scaled, hidden_by=None if scaled else layer)
    if layer.name == "ZeroPadding2D" and values is not None:
        return replace(arrival, values=(min(values[0], 0), max(values[1], 0)))
    if layer.name == "Rescaling" and arrival.hidden_by is None:
        return arrival
    return replace(arrival, values=None, hidden_by=arrival.hidden_by or layer)


def _rescaled(layer: Component, values: ValueRange) -> ValueRange | None:
    scales, offsets = (_numbers(layer.arguments.get(n, d)) for n, d in (("scale", 1), ("offset", 0)))
    if not scales or not offsets:
        return None
    ends = [value * scale + offset for value in values for scale in scales for offset in offsets]
    return min(ends), max(ends)


def _numbers(value: Any) -> list[float]:
    items = value if isinstance(value, list) else [value]
    return items if all(isinstance(n, int | float) for n in items) else []


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and len(_numbers(value)) == 2


def _short(bound: float) -> float:
    """1.0000000000000002 as 1."""
    rounded = round(float(bound), 6)
    return int(rounded) if rounded.is_integer() else rounded
