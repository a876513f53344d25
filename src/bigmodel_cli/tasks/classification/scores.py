"""How often the right class is decided for, and how sure a model is of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bigmodel_cli.config.schema import Calibrate
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.scoring.calibration import chosen_rule
from bigmodel_cli.scoring.classes import class_scores
from bigmodel_cli.scoring.groups.classes import Decisions, grouped_classes
from bigmodel_cli.scoring.groups.gaps import GroupScores
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.label_problems import LabelProblems, class_problems
from bigmodel_cli.scoring.probabilities import are_probabilities
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.scoring.scores import Scores
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Calibrated, OtherData, Sample, Scored, Scoring
from bigmodel_cli.tasks.task import Task

# What is told of a rule before and after.
_TOLD = ("log_loss", "expected_calibration_error", "brier_score", "balanced_accuracy")


@dataclass(frozen=True)
class ScoredClasses(Scored):
    """Decided classes beside the right ones.

    Attributes:
        class_names: In index order.
        probabilities: Scores at the rule's temperature, shape (n, classes).
        decided: Class indices of shape (n,).
        positive: The class that is looked for: the rule's, or the second of two; None of more.
    """

    class_names: tuple[str, ...]
    probabilities: np.ndarray
    decided: np.ndarray
    positive: int | None

    def columns(self) -> list[str]:
        return ["label", "prediction", *(f"score_{name}" for name in self.class_names)]

    def rows(self) -> Iterator[list[str]]:
        told = _cells(self.class_names, self.decided, self.probabilities)
        for label, cells in zip(self.labels, told, strict=True):
            yield [self.class_names[label], *cells]

    def samples(self) -> dict[str, list[Sample]]:
        mistakes = confident_mistakes(self.labels, self.decided, self.probabilities)
        return {
            "mistakes": [self._sample(index) for index in mistakes.tolist()],
            "least_certain": [self._sample(index) for index in least_certain(self.probabilities).tolist()],
        }

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        decisions = Decisions(self.labels, self.decided, self.probabilities, self.class_names, self.positive)
        return grouped_classes(decisions, groups, seed=seed)

    def _sample(self, index: int) -> Sample:
        label, decided = int(self.labels[index]), int(self.decided[index])
        of_decided, of_label = (round(float(self.probabilities[index, one]), 6) for one in (decided, label))
        return Sample(index, self.class_names[label], self.class_names[decided], of_decided, of_label)


def _cells(names: Sequence[str], decided: np.ndarray, probabilities: np.ndarray) -> Iterator[list[str]]:
    for index, row in zip(decided, probabilities, strict=True):
        yield [names[index], *(f"{value:.9g}" for value in row)]


def confident_mistakes(labels: np.ndarray, decided: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Indices of wrong decisions, the most confident first; at most 24.

    Args:
        labels: Class indices of shape (n,).
        decided: Likewise.
        probabilities: Shape (n, classes).
    """
    wrong = np.flatnonzero(labels != decided)
    confidence = probabilities[wrong, decided[wrong]]
    return np.asarray(wrong[np.argsort(-confidence, kind="stable")][:NUM_SAMPLES])


def least_certain(probabilities: np.ndarray) -> np.ndarray:
    """Indices of examples whose two best classes are closest, right or wrong; at most 24.

    Args:
        probabilities: Shape (n, classes).
    """
    best_two = np.partition(probabilities, -2, axis=-1)[:, -2:]
    return np.asarray(np.argsort(best_two[:, 1] - best_two[:, 0], kind="stable")[:NUM_SAMPLES])


class ClassificationScoring(Scoring[Classification]):
    """Of classes."""

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        found = self._decided(labels, values, rule, seed)
        if rule == AS_IT_IS:
            return found
        plain = self._decided(labels, values, AS_IT_IS, seed).scores
        without = {**plain.headline, **plain.others, "macro.f1": plain.details["macro"]["f1"]}
        return replace(found, decision={**rule.as_json(self.task.class_names), "without": without})

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        names = self.task.class_names
        places = {name: place for place, name in enumerate(names)}
        labels, decided = (
            np.array([places[cell] for cell in cells(column)], np.int64) for column in ("label", "prediction")
        )
        probabilities = np.array([cells(f"score_{name}") for name in names], np.float32).T
        return self._with_scores(labels, probabilities, probabilities, decided, rule, seed)

    def cells(self, values: np.ndarray, rule: DecisionRule) -> Iterator[list[str]]:
        probabilities = rule.probabilities(values)
        return _cells(self.task.class_names, rule.decide(probabilities), probabilities)

    def problems(self, labels: np.ndarray, values: np.ndarray) -> LabelProblems | None:
        return class_problems(labels, values)

    def suspects(self, labels: np.ndarray, problems: LabelProblems) -> list[Sample]:
        names, found = self.task.class_names, problems.suspects
        of_given = np.zeros(len(found)) if found.of_given is None else found.of_given
        cells = (found.rows, labels[found.rows], found.suggested, found.confidence, of_given)
        return [
            Sample(row, names[label], names[suggested], round(confidence, 6), round(of_label, 6))
            for row, label, suggested, confidence, of_label in zip(
                *(of_all.tolist() for of_all in cells), strict=True
            )
        ]

    def pairs(self, problems: LabelProblems) -> dict[str, Any]:
        names = self.task.class_names
        return {
            "pairs": [
                {
                    "label": names[label],
                    "right": names[right],
                    "estimated": round(count, 1),
                    "noise_rate": round(rate, 6),
                }
                for label, right, count, rate in problems.pairs
            ]
        }

    def _decided(
        self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, seed: int
    ) -> ScoredClasses:
        probabilities = rule.probabilities(values)
        return self._with_scores(labels, values, probabilities, rule.decide(probabilities), rule, seed)

    def _with_scores(
        self,
        labels: np.ndarray,
        values: np.ndarray,
        probabilities: np.ndarray,
        decided: np.ndarray,
        rule: DecisionRule,
        seed: int,
    ) -> ScoredClasses:
        names = self.task.class_names
        scores = class_scores(labels, decided, probabilities, names, seed=seed)
        positive = None
        if len(names) == 2:
            positive = 1 if rule.positive is None else rule.positive
        return ScoredClasses(labels, values, scores, names, probabilities, decided, positive)

    def calibrated(
        self, asked: Calibrate, labels: np.ndarray, values: np.ndarray, warn: Callable[[str], None]
    ) -> Calibrated | None:
        if not are_probabilities(values):
            warn("calibrate: the model's outputs are no probabilities that sum to 1, so nothing was chosen")
            return None
        names = self.task.class_names
        rule = chosen_rule(asked, labels, values, names, warn)
        # Intervals are not told.
        before, after = (
            _told(self._decided(labels, values, one, seed=0).scores, rule.positive)
            for one in (AS_IT_IS, rule)
        )
        document = {
            **rule.as_json(names),
            "chosen_for": asked.threshold,
            "split": "validation",
            "examples": len(labels),
            "before": before,
            "after": after,
        }
        return Calibrated(rule, document, _describe(rule, names, before, after))

    def differing(self, expected: np.ndarray, found: np.ndarray, rule: DecisionRule = AS_IT_IS) -> int | None:
        decided, other = (rule.decide(rule.probabilities(values)) for values in (expected, found))
        return int(np.sum(decided != other))

    def has_labels_of(self, of_data: Task) -> bool:
        return of_data == self.task

    def relabelled(
        self, labels: np.ndarray, of_data: Task, data: OtherData, warn: Callable[[str], None]
    ) -> tuple[np.ndarray, np.ndarray]:
        """By their names."""
        if not isinstance(of_data, Classification):
            raise self.other_labels(of_data, f"{data.where}: ")
        names, own = of_data.class_names, self.task.class_names
        _check_map(data.renamed, of_data, self.task)
        if unknown := [name for name in names if name not in data.renamed and name not in own]:
            raise DataError(
                f"{data.where}: the model does not know the classes {some(unknown, 5)}; "
                f"it was trained with {self.task.listed}",
                hint=f"say what each is: --map {unknown[0]}=NAME, or --map {unknown[0]}= to leave it out",
            )
        called = (data.renamed.get(name, name) for name in names)
        found = np.array([own.index(name) if name else -1 for name in called])[labels]
        kept = np.flatnonzero(found >= 0)
        if not len(kept):
            raise DataError(f"{data.where}: no example is left: --map leaves out every class")
        if missing := [name for index, name in enumerate(own) if index not in found]:
            warn(f"{data.where}: has no examples of {some(missing, 5)}")
        return kept, found[kept]


def _check_map(renamed: Mapping[str, str], of_data: Classification, of_model: Classification) -> None:
    for old, new in renamed.items():
        for name, task, owner in ((old, of_data, "data"), (new, of_model, "model")):
            if name and name not in task.class_names:
                near = closest(name, task.class_names)
                hint = f"did you mean {near}?" if near else f"its classes: {task.listed}"
                raise UsageError(f"--map {old}={new}: the {owner} has no class {name!r}", hint=hint)


def _told(scores: Scores, positive: int | None) -> dict[str, float]:
    """The scores that a rule can change; those of the class that is looked for among them."""
    told = {name: scores.others[name] for name in _TOLD if name in scores.others}
    if positive is not None:
        row = scores.details["per_class"][positive]
        told |= {name: row[name] for name in ("precision", "recall", "f1")}
    return {**scores.headline, **told}


def _describe(
    rule: DecisionRule, names: Sequence[str], before: Mapping[str, float], after: Mapping[str, float]
) -> str:
    parts = [f"temperature {rule.temperature:.3g}"]
    if (decision := rule.describe(names)) is not None:
        parts.append(decision)
    changed = [
        f"{name} {before[name]:.4f} → {after[name]:.4f}"
        for name in before
        if name in after and before[name] != after[name]
    ]
    effect = f" ({', '.join(changed)} on the validation split)" if changed else ""
    return f"decision: {', '.join(parts)}{effect}"
