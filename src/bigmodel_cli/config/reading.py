"""How outputs become scores; `predict` starts with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Activation = Literal["softmax", "sigmoid"]


@dataclass(frozen=True)
class Reading:
    """How a model's outputs become scores of classes, or numbers.

    Attributes:
        activation: What makes probabilities of the outputs; None where they are read as they are.
        are_probabilities: Whether scores are shares of 1, and percentages to a person.
        threshold: From which value on a single output stands for the second of two classes.
    """

    activation: Activation | None = None
    are_probabilities: bool = True
    threshold: float = 0.5

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Reading:
        return cls(value["activation"], bool(value["are_probabilities"]), float(value["threshold"]))
