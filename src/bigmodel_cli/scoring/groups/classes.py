"""Scores of decided classes by group, and the measures of fairness that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.config.group_measures import RATES
from bigmodel_cli.config.measures import MEASURES
from bigmodel_cli.scoring.classes import probability_losses
from bigmodel_cli.scoring.curves import MAX_CLASSES, areas
from bigmodel_cli.scoring.groups.counts import Counts
from bigmodel_cli.scoring.groups.gaps import (
    Gap,
    GroupScores,
    Values,
    gap_of,
    mean_by_chance,
    share,
    share_by_chance,
)
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.intervals import (
    RESAMPLES,
    Interval,
    bootstrapped_means,
    percentiles,
    wilson,
)
from bigmodel_cli.scoring.probabilities import are_probabilities

_SHOWN = ("accuracy", "balanced_accuracy", "macro.f1")
_SHOWN_OF_POSITIVE = ("accuracy", "selection_rate", "recall", "precision", "false_positive_rate")


@dataclass(frozen=True, eq=False)
class Decisions:
    """What was decided on examples.

    Attributes:
        labels: Class indices of shape (n,).
        decided: Likewise.
        scores: One per class, shape (n, classes).
        class_names: In index order.
        positive: Of two classes, the one that is looked for; None: each class is, against all others.
    """

    labels: np.ndarray
    decided: np.ndarray
    scores: np.ndarray
    class_names: Sequence[str]
    positive: int | None


def grouped_classes(decisions: Decisions, groups: Groups, *, seed: int) -> GroupScores:
    """Scores of each group, and how far groups are apart.

    What a group cannot have (the recall of a class that it has no example of) is None and counts nowhere;
    fairlearn takes 0 for it.

    Args:
        decisions: On examples.
        groups: Of the same examples.
        seed: Of the resampling.

    Returns:
        `accuracy`, `balanced_accuracy`, the losses and, of two classes, `recall`, `precision`, `f1`,
        `selection_rate`, `false_positive_rate` and the areas under curves of the positive one; of more, the
        first five by class (`per_class.recall.cat`) and their means over the classes (`macro.recall`).
    """
    return _Grouped(decisions, groups, seed).scores()


class _Grouped:
    def __init__(self, decisions: Decisions, groups: Groups, seed: int) -> None:
        self._of, self._groups, self._seed = decisions, groups, seed
        self._counts = Counts.of(decisions.labels, decisions.decided, groups, len(decisions.class_names))
        self._values: dict[str, Values] = {}
        self._intervals: list[dict[str, Interval]] = [{} for _ in groups.names]
        self._by_chance: dict[str, float] = {}

    def scores(self) -> GroupScores:
        of, counts = self._of, self._counts
        self._add_share("accuracy", counts.hits.sum(axis=1), counts.sizes[:, 0])
        self._add_balanced_accuracy()
        if of.positive is not None:
            self._add_positive(of.positive)
        elif len(of.class_names) <= MAX_CLASSES:
            self._add_classes()
        if are_probabilities(of.scores):
            self._add_losses()
        positive = None if of.positive is None else of.class_names[of.positive]
        fairness = self._fairness()
        shown = _SHOWN if positive is None else _SHOWN_OF_POSITIVE
        return GroupScores(
            self._groups, self._values, self._intervals, self._by_chance, fairness, positive, shown
        )

    def _add_share(self, name: str, hits: np.ndarray, counts: np.ndarray) -> None:
        self._values[name] = share(hits, counts)
        for number, (hit, count) in enumerate(zip(hits.tolist(), counts.tolist(), strict=True)):
            if count:
                self._intervals[number][name] = wilson(hit, count)
        chance = share_by_chance(hits, counts, self._seed)
        if chance is not None:
            self._by_chance[name] = chance

    def _add_balanced_accuracy(self) -> None:
        """The mean of the recalls of those classes that a group has examples of."""
        values: list[float | None] = []
        for number, (hits, labelled) in enumerate(zip(self._counts.hits, self._counts.labelled, strict=True)):
            has = labelled > 0
            values.append(float((hits[has] / labelled[has]).mean()))
            drawn = self._drawn(number, np.concatenate([hits[has], (labelled - hits)[has]]))
            right, wrong = np.split(drawn, 2, axis=1)
            there = right + wrong
            recalls = (right / np.maximum(there, 1)).sum(axis=1) / (there > 0).sum(axis=1)
            self._intervals[number]["balanced_accuracy"] = percentiles(recalls)
        self._values["balanced_accuracy"] = values

    def _drawn(self, number: int, cells: np.ndarray) -> np.ndarray:
        """Counts of samples drawn with replacement from a group, shape (resamples, cells)."""
        random = np.random.default_rng([self._seed, number])
        return random.multinomial(int(cells.sum()), cells / cells.sum(), size=RESAMPLES)

    def _add_positive(self, positive: int) -> None:
        counts = self._counts
        for name in RATES:
            hits, every = counts.rate(name)
            self._add_share(name, hits[:, positive], every[:, positive])
        hits, labelled, decided = (
            column[:, positive] for column in (counts.hits, counts.labelled, counts.decided)
        )
        self._values["f1"] = share(2 * hits, labelled + decided)
        for number, size in enumerate(counts.sizes[:, 0].tolist()):
            hit, missed = hits[number], labelled[number] - hits[number]
            alarms = decided[number] - hits[number]
            if hit + missed + alarms == 0:
                continue
            drawn = self._drawn(number, np.array([hit, missed, alarms, size - hit - missed - alarms]))
            f1 = 2 * drawn[:, 0] / np.maximum(2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2], 1)
            self._intervals[number]["f1"] = percentiles(f1)
        self._add_areas(positive)

    def _add_areas(self, positive: int) -> None:
        is_positive, of_positive = self._of.labels == positive, self._of.scores[:, positive]
        found: dict[str, list[float | None]] = {"roc_auc": [], "average_precision": []}
        for number in range(len(self._groups.names)):
            inside = self._groups.members == number
            scores = np.stack([-of_positive[inside], of_positive[inside]], axis=1)
            of_group = areas(is_positive[inside].astype(np.int64), scores)
            for name, values in found.items():
                values.append(of_group[name][1])
        self._values |= found

    def _add_classes(self) -> None:
        """By class, one against all others, and the means over those classes for which a group has it."""
        names = self._of.class_names
        by_rate = {rate: self._of_classes(rate) for rate in RATES}
        pairs = (2 * self._counts.hits, self._counts.labelled + self._counts.decided)
        by_rate["f1"] = [share(*columns) for columns in zip(pairs[0].T, pairs[1].T, strict=True)]
        for rate in MEASURES:
            known = [
                [value for value in of_group if value is not None]
                for of_group in zip(*by_rate[rate], strict=True)
            ]
            self._values[f"macro.{rate}"] = [float(np.mean(values)) if values else None for values in known]
        for rate, by_class in by_rate.items():
            self._values |= {
                f"per_class.{rate}.{name}": values for name, values in zip(names, by_class, strict=True)
            }

    def _of_classes(self, rate: str) -> list[Values]:
        hits, every = self._counts.rate(rate)
        return [share(*columns) for columns in zip(hits.T, every.T, strict=True)]

    def _add_losses(self) -> None:
        losses = probability_losses(self._of.labels, self._of.scores)
        both = np.stack(list(losses.values()), axis=-1)
        for name, values in losses.items():
            means = np.bincount(self._groups.members, values) / self._groups.sizes
            self._values[name] = means.tolist()
            chance = mean_by_chance(values, self._groups, self._seed)
            if chance is not None:
                self._by_chance[name] = chance
        for number in range(len(self._groups.names)):
            drawn = bootstrapped_means(both[self._groups.members == number], self._seed)
            self._intervals[number] |= {
                name: percentiles(column) for name, column in zip(losses, drawn.T, strict=True)
            }

    def _fairness(self) -> dict[str, float]:
        """As fairlearn defines them; of more than two classes, the worst of each class against all others."""
        positive = self._of.positive
        chosen = range(len(self._of.class_names)) if positive is None else [positive]
        gaps: dict[str, list[Gap]] = {}
        for rate in ("selection_rate", "recall", "false_positive_rate"):
            by_class = self._of_classes(rate)
            found = [gap_of(by_class[number]) for number in chosen]
            gaps[rate] = [gap for gap in found if gap is not None]
        return {
            **_worst("demographic_parity", gaps["selection_rate"]),
            **_worst("equalized_odds", gaps["recall"] + gaps["false_positive_rate"]),
            **_worst("equal_opportunity", gaps["recall"]),
        }


def _worst(name: str, gaps: Sequence[Gap]) -> dict[str, float]:
    """The largest difference and the smallest ratio."""
    ratios = [gap.ratio for gap in gaps if gap.ratio is not None]
    return {
        **({f"{name}_difference": max(gap.gap for gap in gaps)} if gaps else {}),
        **({f"{name}_ratio": min(ratios)} if ratios else {}),
    }
