"""Weights of a file given to a model: by the names of layers, then by their order and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.training.by_name import base_weights, vocabularies
from bigmodel_cli.training.weight_files import StoredLayer

# What other programs call Keras's weights.
_CALLED = {
    "weight": ("kernel", "gamma", "embeddings", "scale"),
    "bias": ("beta",),
    "running_mean": ("moving_mean",),
    "running_var": ("moving_variance",),
}


@dataclass(frozen=True)
class Taken:
    """One layer's weights, and where they are from.

    Attributes:
        layer: Of the model.
        source: What the file calls them.
        parameters: How many.
    """

    layer: str
    source: str
    parameters: int


@dataclass
class Found:
    """What a file's weights have become.

    Attributes:
        taken: In the order of the model.
        reasons: Why each other layer of the model keeps its own, by name.
        unused: Layers of the file that found no place.
    """

    taken: list[Taken] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)


def assign_stored(layers: Sequence[Any], stored: Sequence[StoredLayer], model: Any) -> Found:
    """Give layers the weights of a file.

    A layer gets those of its name where the shapes are the same; names that Keras made up (`dense_3`) are
    none. The others are matched in order, by their shapes, those of one class at a time where the file knows
    only the classes.

    Args:
        layers: Of a model that have weights, in order.
        stored: Of the file.
        model: For its vocabularies.
    """
    found, left, unused = Found(), list(layers), list(stored)
    knows_words = not vocabularies(model)
    pairs: list[tuple[Any, StoredLayer, list[np.ndarray]]] = []
    for match in (_by_name, _by_class, _by_order):
        for layer, others, values in list(match(left, unused)):
            pairs.append((layer, others[0], values))
            left = [one for one in left if one is not layer]
            unused = [one for one in unused if all(one is not other for other in others)]
    of_layer = {id(layer): (other, values) for layer, other, values in pairs}
    for layer in layers:
        if id(layer) not in of_layer:
            shapes = ", ".join(str(tuple(weight.shape)) for weight in base_weights(layer))
            found.reasons[layer.name] = f"the file has nothing of shape {shapes} in its place"
            continue
        other, values = of_layer[id(layer)]
        if type(layer).__name__ == "Embedding" and not knows_words:
            found.reasons[layer.name] = "which words the file's rows stand for is not known"
            unused.append(other)
            continue
        for weight, value in zip(base_weights(layer), values, strict=True):
            weight.assign(value)
        found.taken.append(Taken(layer.name, other.name, int(sum(value.size for value in values))))
    found.unused = [other.name for other in stored if any(other is one for one in unused)]
    return found


_Match = Iterator[tuple[Any, Sequence[StoredLayer], list[np.ndarray]]]


def _by_name(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> _Match:
    by_name: dict[str, list[StoredLayer]] = {}
    for other in stored:
        for name in {other.name, re.split(r"[./]", other.name)[-1]}:
            by_name.setdefault(name, []).append(other)
    for layer in layers:
        candidates = by_name.get(layer.name, [])
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
    left = dict(other.weights)
    values = []
    for weight in weights:
        key = next((name for name in left if _stands_for(name, weight.name)), None)
        if key is None:
            key = next((name for name, value in left.items() if value.shape == tuple(weight.shape)), None)
        if key is None or left[key].shape != tuple(weight.shape):
            return None
        value = left.pop(key)
        values.append(np.asarray(value, np.float32) if value.dtype.kind in "fV" else value)
    return values


def _stands_for(name: str, weight: str) -> bool:
    return weight in (name, *_CALLED.get(name, ()))


def _by_class(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> _Match:
    """Where a file tells classes and no order, as `.weights.h5` does, layers of one class are in theirs."""
    for kind in dict.fromkeys(other.kind for other in stored if other.kind):
        ours = [layer for layer in layers if type(layer).__name__.lower() == kind.replace("_", "")]
        yield from _paired(ours, [other for other in stored if other.kind == kind])


def _by_order(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> _Match:
    yield from _paired(layers, [other for other in stored if len(other.weights) > 1 or not _is_list(stored)])
    if _is_list(stored):
        yield from _weight_by_weight(layers, stored)


def _is_list(stored: Sequence[StoredLayer]) -> bool:
    """Whether a file tells nothing but the order of single weights."""
    return bool(stored) and all(
        len(other.weights) == 1 and re.fullmatch(r"variables/\d+", other.name) for other in stored
    )


def _paired(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> _Match:
    """What stands in the same order; then again of what is left, since files may be in another order."""
    ours, theirs = list(layers), list(stored)
    while True:
        shapes = [tuple(sorted(_shapes(layer))) for layer in ours]
        matcher = SequenceMatcher(
            None, [tuple(sorted(other.shapes)) for other in theirs], shapes, autojunk=False
        )
        pairs = [
            (ours[block.b + step], theirs[block.a + step])
            for block in matcher.get_matching_blocks()
            for step in range(block.size)
        ]
        if not pairs:
            return
        for layer, other in pairs:
            if (values := _ordered(layer, other)) is not None:
                yield layer, [other], values
        ours = [layer for layer in ours if all(layer is not one for one, _ in pairs)]
        theirs = [other for other in theirs if all(other is not one for _, one in pairs)]


def _weight_by_weight(layers: Sequence[Any], stored: Sequence[StoredLayer]) -> _Match:
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


@dataclass(frozen=True)
class FileTransfer:
    """What came from a file.

    Attributes:
        path: The file.
        sha256: Of it.
        found: What was taken.
        seen: Held-out examples that it was trained on: nobody knows.
    """

    path: Path
    sha256: str
    found: Found
    seen: Mapping[Any, int] = field(default_factory=dict)

    @property
    def run(self) -> None:
        """It is from none."""
        return

    @property
    def new(self) -> list[str]:
        """Layers that keep their own weights."""
        return list(self.found.reasons)

    def describe(self) -> str:
        """A table for people, under one sentence."""
        taken = self.found.taken
        total = sum(one.parameters for one in taken)
        lines = [f"weights of {len(taken)} layers ({total:,} parameters) are from {self.path}"]
        width = max(len(one.layer) for one in taken)
        lines += [f"  {one.layer:{width}}  ← {one.source}  {one.parameters:,}" for one in _some(taken)]
        lines += [
            f"  {name:{width}}  new: {reason}" for name, reason in _some(list(self.found.reasons.items()))
        ]
        if self.found.unused:
            names = _some(self.found.unused)
            lines.append(f"  not used of the file: {', '.join(map(str, names))}")
        if max(len(taken), len(self.found.reasons), len(self.found.unused)) > _MOST:
            lines.append("  … the others stand in run.json, under parent")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        return {
            "file": str(self.path.absolute()),
            "sha256": self.sha256,
            "loaded": [one.layer for one in self.found.taken],
            "sources": {one.layer: one.source for one in self.found.taken},
            "new": self.new,
            "reasons": dict(self.found.reasons),
            "unused": self.found.unused,
        }


_MOST = 20


def _some(items: Sequence[Any]) -> Sequence[Any]:
    return items[:_MOST]
