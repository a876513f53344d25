"""How well sets of labels are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from bigmodel_cli.config.schema import Calibrate
from bigmodel_cli.scoring.calibration import fit_threshold
from bigmodel_cli.scoring.groups.gaps import GroupScores
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.label_problems import LabelProblems, set_problems
from bigmodel_cli.scoring.label_sets import grouped_labels, label_scores
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.multilabel.predictions import HALF, LabelRule, label_rule
from bigmodel_cli.tasks.multilabel.task import Multilabel
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Calibrated, Sample, Scored, Scoring
from bigmodel_cli.tasks.task import Task


@dataclass(frozen=True)
class ScoredLabels(Scored):
    """Decided sets of labels beside the right ones.

    Attributes:
        task: The labels.
        decided: Which are decided for, bool of shape (n, labels).
        seed: Of the resampling.
    """

    task: Multilabel
    decided: np.ndarray
    seed: int

    def columns(self) -> list[str]:
        return ["label", "prediction", *(f"score_{name}" for name in self.task.class_names)]

    def rows(self) -> Iterator[list[str]]:
        for label, cells in zip(self.labels, _cells(self.task, self.decided, self.values), strict=True):
            yield [self.task.as_text(label), *cells]

    def samples(self) -> dict[str, list[Sample]]:
        """The sets that are furthest from the right ones, and those that are nearest to another decision."""
        distance = np.abs(self.values - self.labels).sum(axis=1)
        is_wrong = (self.labels.astype(bool) != self.decided).any(axis=1)
        wrong = np.flatnonzero(is_wrong)
        mistakes = wrong[np.argsort(-distance[wrong], kind="stable")][:NUM_SAMPLES]
        margin = np.abs(self.values - HALF).min(axis=1)
        uncertain = np.argsort(margin, kind="stable")[:NUM_SAMPLES]
        return {
            "mistakes": [self._sample(index) for index in mistakes.tolist()],
            "least_certain": [self._sample(index) for index in uncertain.tolist()],
        }

    def _sample(self, index: int) -> Sample:
        return Sample(index, self.task.as_text(self.labels[index]), self.task.as_text(self.decided[index]))

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        names = self.task.class_names
        return grouped_labels(self.labels, self.decided, self.values, groups, class_names=names, seed=seed)


def _cells(task: Multilabel, decided: np.ndarray, values: np.ndarray) -> Iterator[list[str]]:
    for found, row in zip(decided, values, strict=True):
        yield [task.as_text(found), *(f"{value:.9g}" for value in row.tolist())]


class MultilabelScoring(Scoring[Multilabel]):
    """Of labels, each of which is decided for by itself."""

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        found = self._decided(labels, values, rule, seed)
        if not isinstance(rule, LabelRule):
            return found
        plain = self._decided(labels, values, AS_IT_IS, seed).scores
        without = {**plain.headline, **plain.others}
        return replace(found, decision={**rule.as_json(self.task.class_names), "without": without})

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        names = self.task.class_names
        labels = np.stack([self.task.from_text(cell) for cell in cells("label")]).astype(np.float32)
        decided = np.stack([self.task.from_text(cell) for cell in cells("prediction")])
        values = np.array([cells(f"score_{name}") for name in names], np.float32).T
        scores = label_scores(labels, decided, values, names, seed=seed)
        return ScoredLabels(labels, values, scores, self.task, decided, seed)

    def cells(self, values: np.ndarray, rule: DecisionRule) -> Iterator[list[str]]:
        return _cells(self.task, label_rule(rule, self.task).decided(values), values)

    def problems(self, labels: np.ndarray, values: np.ndarray) -> LabelProblems | None:
        return set_problems(labels, values)

    def suspects(self, labels: np.ndarray, problems: LabelProblems) -> list[Sample]:
        """A set with all of its labels that may be wrong, where its most suspicious one stands."""
        found = problems.suspects
        suggested: dict[int, np.ndarray] = {}
        first: dict[int, int] = {}
        for number, (row, place) in enumerate(zip(found.rows.tolist(), found.places.tolist(), strict=True)):
            suggested.setdefault(row, labels[row].astype(bool).copy())[place] ^= True
            first.setdefault(row, number)
        of_given = np.zeros(len(found)) if found.of_given is None else found.of_given
        return [
            Sample(
                row,
                self.task.as_text(labels[row]),
                self.task.as_text(instead),
                round(float(found.confidence[first[row]]), 6),
                round(float(of_given[first[row]]), 6),
            )
            for row, instead in suggested.items()
        ]

    def _decided(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, seed: int) -> ScoredLabels:
        decided = label_rule(rule, self.task).decided(values)
        scores = label_scores(labels, decided, values, self.task.class_names, seed=seed)
        return ScoredLabels(labels, values, scores, self.task, decided, seed)

    def calibrated(
        self, asked: Calibrate, labels: np.ndarray, values: np.ndarray, warn: Callable[[str], None]
    ) -> Calibrated | None:
        """A threshold for each label; what a temperature would change, no threshold needs."""
        if asked.threshold is None:
            return None
        thresholds = []
        for place, name in enumerate(self.task.class_names):
            has = labels[:, place].astype(bool)
            if has.all() or not has.any():
                found = "only" if has.any() else "no"
                warn(f"calibrate: the validation split has {found} examples of {name}, so 0.5 is kept")
                thresholds.append(HALF)
                continue
            threshold, reached = fit_threshold(has, values[:, place], asked.threshold)
            if not reached:
                warn(f"calibrate: no threshold of {name} reaches {asked.threshold}; the closest was taken")
            thresholds.append(threshold)
        rule = LabelRule(thresholds=tuple(thresholds))
        before, after = (
            {**scores.headline, **scores.others}
            for scores in (self._decided(labels, values, one, 0).scores for one in (AS_IT_IS, rule))
        )
        document = {
            **rule.as_json(self.task.class_names),
            "chosen_for": asked.threshold,
            "split": "validation",
            "examples": len(labels),
            "before": before,
            "after": after,
        }
        change = f"macro_f1 {before['macro_f1']:.4f} → {after['macro_f1']:.4f} on the validation split"
        return Calibrated(rule, document, f"decision: {rule.describe(self.task.class_names)} ({change})")

    def differing(self, expected: np.ndarray, found: np.ndarray, rule: DecisionRule = AS_IT_IS) -> int | None:
        of_labels = label_rule(rule, self.task)
        return int((of_labels.decided(expected) != of_labels.decided(found)).any(axis=1).sum())

    def has_labels_of(self, of_data: Task) -> bool:
        return of_data == self.task
