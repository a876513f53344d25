"""Which layer of a model gets which weights of a file: by name, by class, by order and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from bigmodel_cli.training.by_name import base_weights
from bigmodel_cli.training.other_axes import are_turned, is_kernel, sizes_of, turned, turned_vector
from bigmodel_cli.training.weight_files import StoredLayer

# What other programs call Keras's weights.
_CALLED = {
    "weight": ("kernel", "gamma", "embeddings", "scale"),
    "bias": ("beta",),
    "running_mean": ("moving_mean",),
    "running_var": ("moving_variance",),
}
# In the names of weights that a `.keras` file has of layers inside a layer.
_INSIDE = "/vars/"
# A layer, what of the file it gets, and that in the order and shapes of its own weights.
Match = Iterator[tuple[Any, Sequence[StoredLayer], list[np.ndarray]]]


def with_axes(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> Sequence[StoredLayer]:
    """The layers of a file, of which those that are called as PyTorch's are so only if their kernels are."""
    shapes = [
        value.shape
        for other in stored
        if other.is_torch
        for value in other.weights.values()
        if value.ndim > 1
    ]
    if are_turned(layers, shapes):
        return stored
    return [replace(other, is_torch=False) for other in stored]


def by_name(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> Match:
    """Layers that a person has named get what the file calls so, where it has their shapes."""
    named: dict[str, list[StoredLayer]] = {}
    for other in stored:
        for name in {other.name, re.split(r"[./]", other.name)[-1]}:
            named.setdefault(name, []).append(other)
    for layer in layers:
        candidates = named.get(layer.name, [])
        if len(candidates) == 1 and not _is_made_up(layer):
            values = _ordered(layer, candidates[0])
            if values is not None:
                yield layer, candidates, values


def _is_made_up(layer: Any) -> bool:
    """Whether Keras has named a layer, by its class and a number."""
    return re.sub(r"_\d+$", "", layer.name).replace("_", "") == type(layer).__name__.lower()


def _ordered(layer: Any, other: StoredLayer) -> list[np.ndarray] | None:
    """A file's weights in the order of a layer's; None where they are others."""
    weights = base_weights(layer)
    if len(weights) != len(other.weights):
        return None
    if any(_INSIDE in name for name in other.weights):
        return _of_parts(layer, weights, other)
    left = dict(other.weights)
    values = []
    for weight in weights:
        fitting = {
            name: fitted
            for name, value in left.items()
            if (fitted := _fitted(value, layer, weight, other)) is not None
        }
        key = next((name for name in left if _stands_for(name, weight.name)), None)
        if key is None:
            key = next(iter(fitting), None)
        if key is None or key not in fitting:
            return None
        del left[key]
        value = fitting[key]
        values.append(np.asarray(value, np.float32) if value.dtype.kind in "fV" else value)
    return values


def _of_parts(layer: Any, weights: Sequence[Any], other: StoredLayer) -> list[np.ndarray] | None:
    """The weights of layers inside a layer, which look alike and which a file has by the alphabet."""
    place = {id(weight): name for name, weight in _saved_as(layer, "")}
    if set(place.values()) != set(other.weights) or not all(id(weight) in place for weight in weights):
        return None
    values = [other.weights[place[id(weight)]] for weight in weights]
    fits = all(value.shape == tuple(weight.shape) for value, weight in zip(values, weights, strict=True))
    return values if fits else None


def _saved_as(layer: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Weights with what a `.keras` file calls them: by the attributes that layers inside a layer are."""
    import keras

    inside = {name.lstrip("_"): one for name, one in vars(layer).items() if isinstance(one, keras.Layer)}
    others = {id(weight) for one in inside.values() for weight in one.weights}
    own = [weight for weight in layer.weights if id(weight) not in others]
    yield from ((f"{place}vars/{number}", weight) for number, weight in enumerate(own))
    for name, one in inside.items():
        yield from _saved_as(one, f"{place}{name}/")


def _fitted(value: np.ndarray, layer: Any, weight: Any, other: StoredLayer) -> np.ndarray | None:
    """A weight of a file as one of a layer; None where it does not fit."""
    if other.is_torch:
        return (turned if is_kernel(weight) else turned_vector)(value, layer, weight)
    return value if value.shape == tuple(weight.shape) else None


def _stands_for(name: str, weight: str) -> bool:
    return weight in (name, *_CALLED.get(name, ()))


def by_class(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> Match:
    """Where a file tells classes and no order, as `.weights.h5` does, layers of one class are in theirs."""
    for kind in dict.fromkeys(other.kind for other in stored if other.kind):
        ours = [layer for layer in layers if type(layer).__name__.lower() == kind.replace("_", "")]
        yield from _paired(ours, [other for other in stored if other.kind == kind])


def by_order(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> Match:
    """What stands in the same order and has the same shapes."""
    yield from _paired(layers, [other for other in stored if len(other.weights) > 1 or not _is_list(stored)])
    if _is_list(stored):
        yield from _weight_by_weight(layers, stored)


def _is_list(stored: Sequence[StoredLayer]) -> bool:
    """Whether a file tells nothing but the order of single weights."""
    return bool(stored) and all(
        len(other.weights) == 1 and re.fullmatch(r"variables/\d+", other.name) for other in stored
    )


def _paired(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> Match:
    """What stands in the same order; then again of what is left, since files may be in another order."""
    ours, theirs = list(layers), list(stored)
    is_torch = any(other.is_torch for other in theirs)
    while True:
        matcher = SequenceMatcher(
            None,
            [_in_any_order(map(sorted, other.shapes) if is_torch else other.shapes) for other in theirs],
            [_in_any_order(sizes_of(layer) if is_torch else _shapes(layer)) for layer in ours],
            autojunk=False,
        )
        pairs = [
            (ours[block.b + step], theirs[block.a + step])
            for block in matcher.get_matching_blocks()
            for step in range(block.size)
        ]
        fitting = [
            (layer, other, values) for layer, other in pairs if (values := _ordered(layer, other)) is not None
        ]
        if not fitting:
            return
        yield from ((layer, [other], values) for layer, other, values in fitting)
        ours = [layer for layer in ours if all(layer is not one for one, _, _ in fitting)]
        theirs = [other for other in theirs if all(other is not one for _, one, _ in fitting)]


def _in_any_order(shapes: Iterable[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Shapes to be compared, whatever order the weights stand in."""
    return tuple(sorted(map(tuple, shapes)))


def _weight_by_weight(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> Match:
    """A list of weights: a layer gets some that follow each other, all of its shapes."""
    flat = [(layer, number) for layer in layers for number in range(len(base_weights(layer)))]
    shapes = [tuple(base_weights(layer)[number].shape) for layer, number in flat]
    matcher = SequenceMatcher(None, [other.shapes[0] for other in stored], shapes, autojunk=False)
    place: dict[tuple[int, int], int] = {}
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            layer, number = flat[block.b + step]
            place[id(layer), number] = block.a + step
    for layer in layers:
        numbers = range(len(base_weights(layer)))
        places = [place.get((id(layer), number)) for number in numbers]
        first = places[0]
        if first is not None and places == [first + number for number in numbers]:
            others = [stored[first + number] for number in numbers]
            yield layer, others, [next(iter(other.weights.values())) for other in others]


def _shapes(layer: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(weight.shape) for weight in base_weights(layer))
