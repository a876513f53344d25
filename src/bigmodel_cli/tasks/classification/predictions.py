"""Which class is predicted, and what all of them score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.probabilities import as_scores
from bigmodel_cli.scoring.rule import DecisionRule, rule_from_json
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.predictions import Answer, Predictions


@dataclass(frozen=True, slots=True)
class Ranked(Answer):
    """Classes in the order in which they come into question.

    Attributes:
        values: One score per class.
        ranking: Indices of the classes, the decided one first.
        class_names: In index order.
        are_probabilities: Whether scores are shares of 1; else only their order means something.
    """

    values: np.ndarray
    ranking: np.ndarray
    class_names: tuple[str, ...]
    are_probabilities: bool = True

    def top(self, count: int) -> list[tuple[str, float]]:
        """The best classes with their scores, best first."""
        names, score_of = self.class_names, self.values.item
        return [(names[index], score_of(index)) for index in self.ranking[:count].tolist()]

    def line(self, top: int) -> str:
        # There may be millions of lines, so each is made at once.
        names, score_of, written = (
            self.class_names,
            self.values.item,
            ".1%" if self.are_probabilities else ".4g",
        )
        best = self.ranking[:top].tolist()
        return ", ".join([f"{names[index]} {score_of(index):{written}}" for index in best])

    def caption(self, shown: Callable[[str], str]) -> str:
        ((name, score),) = self.top(1)
        return self._described(shown(name), score, digits=0)

    def _described(self, name: str, score: float, digits: int = 1) -> str:
        """A class with its score: `cat 97.6%`, or `cat 1.976` where scores are no probabilities."""
        return f"{name} {score:.{digits}%}" if self.are_probabilities else f"{name} {score:.4g}"

    def as_json(self, top: int) -> dict[str, Any]:
        key = score_name(are_probabilities=self.are_probabilities)
        best = [{"class": name, key: score} for name, score in self.top(top)]
        return {"prediction": best[0]["class"], key: best[0][key], "top": best}

    def cells(self) -> list[str]:
        ((best, score),) = self.top(1)
        return [best, f"{score:.6g}", *(f"{value:.6g}" for value in self.values.tolist())]


def score_name(*, are_probabilities: bool) -> str:
    """What a class's score is called in JSON and CSV."""
    return "probability" if are_probabilities else "score"


class ClassificationPredictions(Predictions[Classification]):
    """Of classes."""

    def values(self, outputs: np.ndarray, reading: Reading) -> np.ndarray:
        return as_scores(outputs, reading)

    def probabilities(self, values: np.ndarray, reading: Reading) -> np.ndarray | None:
        return values if reading.are_probabilities else None

    def answers(self, values: np.ndarray, reading: Reading, rule: DecisionRule) -> Iterator[Answer]:
        scores = rule.probabilities(values)
        names, are_probabilities = self.task.class_names, reading.are_probabilities
        for row, ranking in zip(scores, rule.ranking(scores), strict=True):
            yield Ranked(row, ranking, names, are_probabilities)

    def columns(self, reading: Reading) -> list[str]:
        score = score_name(are_probabilities=reading.are_probabilities)
        return ["prediction", score, *(f"score_{name}" for name in self.task.class_names)]

    def rule(self, written: Any) -> DecisionRule:
        return rule_from_json(written, self.task.class_names)

    def decided_for(self, rule: DecisionRule) -> str | None:
        return rule.describe(self.task.class_names)
