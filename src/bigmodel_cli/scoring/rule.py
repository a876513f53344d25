"""How a model's probabilities become a decision: a temperature, and a threshold for one class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from bigmodel_cli.class_names import class_name
from bigmodel_cli.errors import DataError

_SMALLEST = 1e-12


@dataclass(frozen=True)
class DecisionRule:
    """How probabilities become a decision.

    Attributes:
        temperature: Logits are divided by it (Guo et al. 2017); more than 1 makes a model less sure.
        positive: Index of the class that `threshold` is for; None: the most probable class is decided for.
        threshold: From which probability on it is decided for.
    """

    temperature: float = 1.0
    positive: int | None = None
    threshold: float | None = None

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities at this temperature; scores that are none are only ever seen without one.

        Args:
            scores: Shape (n, classes), rows summing to 1.
        """
        if self.temperature == 1:
            return scores
        logits = np.log(np.clip(scores, _SMALLEST, 1)) / self.temperature
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))

    def ranking(self, probabilities: np.ndarray) -> np.ndarray:
        """Indices of the classes, shape (n, classes): the decided one, then the others by probability."""
        order = np.argsort(-probabilities, axis=-1, kind="stable")
        if self.positive is None or self.threshold is None:
            return order
        is_positive = probabilities[:, self.positive] >= self.threshold
        key = -probabilities.copy()
        key[:, self.positive] = np.where(is_positive, -np.inf, np.inf)
        first = np.argsort(key, axis=-1, kind="stable")[:, :1]
        # The others keep their order.
        rest = order[order != first].reshape(len(order), -1)
        return np.concatenate([first, rest], axis=1)

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """The class that is decided for, shape (n,)."""
        if self.positive is None:
            return np.asarray(probabilities.argmax(axis=-1))
        return self.ranking(probabilities)[:, 0]

    def describe(self, class_names: Sequence[str]) -> str | None:
        """`spam from a probability of 0.24 on`; None where the most probable class is decided for."""
        if self.positive is None or self.threshold is None:
            return None
        return f"{class_names[self.positive]} from a probability of {self.threshold:.3g} on"

    def as_json(self, class_names: Sequence[str]) -> dict[str, Any]:
        positive = None if self.positive is None else class_names[self.positive]
        return {"temperature": self.temperature, "positive": positive, "threshold": self.threshold}


AS_IT_IS = DecisionRule()
# Of targets that have none.
AS_THEY_ARE: Mapping[str, DecisionRule] = MappingProxyType({})


def rule_from_json(value: Any, class_names: Sequence[str]) -> DecisionRule:
    """A rule as a run keeps it.

    Raises:
        DataError: If it is none.
    """
    try:
        positive = None if value["positive"] is None else class_names.index(class_name(value["positive"]))
        threshold = None if value["threshold"] is None else float(value["threshold"])
        temperature = float(value["temperature"])
    except (AttributeError, KeyError, TypeError, ValueError):
        raise DataError("decision.json: not a decision rule for the classes of this run") from None
    if not temperature > 0:
        raise DataError(f"decision.json: expected a temperature above 0, found {temperature:g}")
    return DecisionRule(temperature, positive, threshold)
