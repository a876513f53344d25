"""How near predicted numbers are to the labels."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.config.schema import Calibrate
from bigmodel_cli.scoring.groups.gaps import GroupScores
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.groups.numbers import grouped_numbers
from bigmodel_cli.scoring.label_problems import LabelProblems
from bigmodel_cli.scoring.numbers import number_scores
from bigmodel_cli.scoring.residual_outliers import number_problems
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Calibrated, Sample, Scored, Scoring
from bigmodel_cli.tasks.task import Task


@dataclass(frozen=True)
class ScoredNumbers(Scored):
    """Predicted numbers of shape (n, …) beside as many labels."""

    def columns(self) -> list[str]:
        return ["label", "prediction"]

    def rows(self) -> Iterator[list[str]]:
        for label, cells in zip(self.labels, _cells(self.values), strict=True):
            yield [json.dumps(label.tolist()), *cells]

    def samples(self) -> dict[str, list[Sample]]:
        """The largest errors; of several outputs, by their sum, and with the first one."""
        labels, predicted = (
            np.asarray(numbers, np.float64).reshape(len(self.values), -1)
            for numbers in (self.labels, self.values)
        )
        errors = np.abs(labels - predicted).sum(axis=1)
        worst = np.argsort(-errors, kind="stable")[:NUM_SAMPLES].tolist()
        shown = [Sample(index, float(labels[index, 0]), float(predicted[index, 0])) for index in worst]
        return {"mistakes": shown}

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        return grouped_numbers(self.labels, self.values, groups, seed=seed)


def _cells(values: np.ndarray) -> Iterator[list[str]]:
    for row in values:
        yield [json.dumps(row.tolist() if row.size > 1 else row.item())]


class RegressionScoring(Scoring[Regression]):
    """Of numbers, of which nothing is decided."""

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        return ScoredNumbers(labels, values, number_scores(labels, values, seed=seed))

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        labels, predicted = (
            np.array([json.loads(cell) for cell in cells(column)], np.float32)
            for column in ("label", "prediction")
        )
        return self.scored(labels, predicted.reshape(labels.shape), rule, seed=seed)

    def cells(self, values: np.ndarray, rule: DecisionRule) -> Iterator[list[str]]:
        return _cells(values)

    def problems(self, labels: np.ndarray, values: np.ndarray) -> LabelProblems | None:
        return number_problems(labels, values)

    def suspects(self, labels: np.ndarray, problems: LabelProblems) -> list[Sample]:
        """Of several numbers that one which is furthest off."""
        found, numbers = problems.suspects, np.asarray(labels, np.float64).reshape(len(labels), -1)
        samples: dict[int, Sample] = {}
        for row, place, predicted in zip(
            found.rows.tolist(), found.places.tolist(), found.suggested.tolist(), strict=True
        ):
            samples.setdefault(row, Sample(row, float(numbers[row, place]), predicted))
        return list(samples.values())

    def calibrated(
        self, asked: Calibrate, labels: np.ndarray, values: np.ndarray, warn: Callable[[str], None]
    ) -> Calibrated | None:
        return None

    def has_labels_of(self, of_data: Task) -> bool:
        return isinstance(of_data, Regression)
