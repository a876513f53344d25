"""A model in two by one of its inputs: what does not depend on it, which is computed once, and what does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.modeling.cut import FEATURES, model_from, traced


@dataclass(frozen=True)
class Halves:
    """Both parts, which share the model's layers.

    Attributes:
        front: From the other inputs, by name, to what the back needs of them, by `features_1`, …
        back: From the one input and these, in a list, to the output; the input is its first.
    """

    front: Any
    back: Any

    def features(self, given: Mapping[str, Any]) -> list[Any]:
        """What the back takes behind its first input, of the other inputs by name."""
        found = self.front(given, training=False)
        return [found[f"{FEATURES}{number}"] for number in range(1, len(self.back.inputs))]


def cut_at_input(model: Any, name: str) -> Halves | None:
    """A model in two.

    Args:
        model: A functional `keras.Model` from inputs by name to one output.
        name: Of the input that the back takes.

    Returns:
        The parts; None where no other input reaches the output.
    """
    copy, steps = traced(model)
    (begun,) = [tensor for tensor in copy.inputs if tensor.name == name]
    others = {tensor.name: tensor for tensor in copy.inputs if tensor is not begun}
    behind, needed = {id(begun)}, dict[int, Any]()
    for step in steps:
        if any(id(tensor) in behind for tensor in step.inputs):
            behind.update(id(tensor) for tensor in step.outputs)
    for step in steps:
        if any(id(tensor) in behind for tensor in step.outputs):
            needed |= {id(tensor): tensor for tensor in step.inputs if id(tensor) not in behind}
    if not needed:
        return None
    named = {f"{FEATURES}{number}": tensor for number, tensor in enumerate(needed.values(), 1)}
    return Halves(model_from(others, named), model_from([begun, *needed.values()], copy.output))
