"""Which labels an example has, and how probable each is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.scoring.probabilities import as_numbers
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.multilabel.task import BETWEEN, Multilabel
from bigmodel_cli.tasks.predictions import Answer, Predictions

_NONE = "none"
HALF = 0.5


@dataclass(frozen=True)
class LabelRule(DecisionRule):
    """A threshold for each label.

    Attributes:
        thresholds: In the order of the labels.
    """

    thresholds: tuple[float, ...] = ()

    def decided(self, values: np.ndarray) -> np.ndarray:
        """Which labels are decided for, bool of the shape of `values`, (n, labels)."""
        return np.asarray(values >= np.asarray(self.thresholds))

    def describe(self, class_names: Sequence[str]) -> str | None:
        """`a from 0.24 on, b from 0.4 on`."""
        named = zip(class_names, self.thresholds, strict=True)
        return some((f"{name} from {threshold:.3g} on" for name, threshold in named), 5)

    def as_json(self, class_names: Sequence[str]) -> dict[str, Any]:
        return {"thresholds": dict(zip(class_names, self.thresholds, strict=True))}


def label_rule(rule: DecisionRule, task: Multilabel, default: float = HALF) -> LabelRule:
    """The rule of a run; where it has none, every label is decided for from `default` on."""
    if isinstance(rule, LabelRule):
        return rule
    return LabelRule(thresholds=(default,) * len(task.class_names))


@dataclass(frozen=True, slots=True)
class LabelSet(Answer):
    """The labels that are decided for, and the probability of each.

    Attributes:
        values: Of each label, shape (labels,).
        has: Whether it is decided for, likewise.
        class_names: The labels.
        are_probabilities: Whether values are shares of 1.
    """

    values: np.ndarray
    has: np.ndarray
    class_names: tuple[str, ...]
    are_probabilities: bool = True

    @property
    def decided(self) -> list[str]:
        return [name for name, one in zip(self.class_names, self.has.tolist(), strict=True) if one]

    def top(self, count: int) -> list[tuple[str, float]]:
        """The most probable labels, decided for or not."""
        best = np.argsort(-self.values, kind="stable")[:count].tolist()
        return [(self.class_names[place], float(self.values[place])) for place in best]

    def line(self, top: int) -> str:
        shown = ", ".join(f"{name} {self._value(value)}" for name, value in self.top(top))
        return f"{BETWEEN.join(self.decided) or _NONE} ({shown})"

    def caption(self, shown: Callable[[str], str]) -> str:
        return some(map(shown, self.decided), 3) if self.decided else _NONE

    def as_json(self, top: int) -> dict[str, Any]:
        key = "probability" if self.are_probabilities else "score"
        return {
            "prediction": self.decided,
            "top": [{"class": name, key: value} for name, value in self.top(top)],
        }

    def cells(self) -> list[str]:
        return [BETWEEN.join(self.decided), *(f"{value:.6g}" for value in self.values.tolist())]

    def _value(self, value: float) -> str:
        return f"{value:.1%}" if self.are_probabilities else f"{value:.4g}"


class MultilabelPredictions(Predictions[Multilabel]):
    """Of labels."""

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return as_numbers(outputs, reading)

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        decided = label_rule(rule, self.task, reading.threshold).decided(values)
        for row, has in zip(values, decided, strict=True):
            yield LabelSet(row, has, self.task.class_names, reading.are_probabilities)

    def columns(self, reading: Reading) -> list[str]:
        return ["prediction", *(f"score_{name}" for name in self.task.class_names)]

    def rule(self, written: Any) -> DecisionRule:
        try:
            thresholds = tuple(float(written["thresholds"][name]) for name in self.task.class_names)
        except (KeyError, TypeError, ValueError):
            raise DataError("decision.json: expected a threshold for each label of this run") from None
        return LabelRule(thresholds=thresholds)

    def decided_for(self, rule: DecisionRule) -> str | None:
        return rule.describe(self.task.class_names) if isinstance(rule, LabelRule) else None
