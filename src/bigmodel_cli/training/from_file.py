"""Weights of a file given to a model: by the names of layers, then by their order and shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.training.by_name import base_weights, vocabularies
from bigmodel_cli.training.other_axes import is_kernel
from bigmodel_cli.training.stored_matches import by_class, by_name, by_order, with_axes
from bigmodel_cli.training.weight_files import StoredLayer


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
        is_turned: Whether kernels were brought from PyTorch's order of axes to Keras's.
    """

    taken: list[Taken] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    is_turned: bool = False


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
    stored = with_axes(layers, stored)
    found, left, unused = Found(), list(layers), list(stored)
    knows_words = not vocabularies(model)
    pairs: list[tuple[Any, StoredLayer, list[np.ndarray]]] = []
    for match in (by_name, by_class, by_order):
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
        if type(layer).__name__ in ("Embedding", "ReversibleEmbedding") and not knows_words:
            found.reasons[layer.name] = "which words the file's rows stand for is not known"
            unused.append(other)
            continue
        for weight, value in zip(base_weights(layer), values, strict=True):
            weight.assign(value)
        found.taken.append(Taken(layer.name, other.name, int(sum(value.size for value in values))))
        found.is_turned |= other.is_torch and any(map(is_kernel, base_weights(layer)))
    found.unused = [other.name for other in stored if any(other is one for one in unused)]
    return found


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
        turned = (
            "; kernels were brought from PyTorch's order of axes to Keras's" if self.found.is_turned else ""
        )
        lines = [f"weights of {len(taken)} layers ({total:,} parameters) are from {self.path}{turned}"]
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
            "axes_turned": self.found.is_turned,
        }


_MOST = 20


def _some(items: Sequence[Any]) -> Sequence[Any]:
    return items[:_MOST]
