"""How far groups are apart, and how far they would be by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bigmodel_cli.config.group_measures import better_of_measure
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.intervals import LEVEL, Interval, intervals_as_json
from bigmodel_cli.scoring.scores import Scores

# Values of a measure, a number for each group; None where a group has none.
Values = Sequence[float | None]
_DRAWS = 1000
# Numbers that are shuffled in all.
_MOST_SHUFFLED = 20_000_000
# The largest number that NumPy draws from without replacement at once.
_MOST_DRAWN_FROM = 10**9


@dataclass(frozen=True)
class GroupScores:
    """Scores by group.

    Attributes:
        groups: The groups.
        values: By the names of measures.
        intervals: For each group, 95 % intervals of some of its measures.
        by_chance: By the names of some measures: the gap that would be exceeded in one of twenty data sets in
            which groups make no difference.
        fairness: Measures that are gaps themselves.
        positive: The class that measures without a class are about; None where there is none.
        shown: The measures that tell most.
    """

    groups: Groups
    values: Mapping[str, Values]
    intervals: Sequence[Mapping[str, Interval]]
    by_chance: Mapping[str, float] = field(default_factory=dict)
    fairness: Mapping[str, float] = field(default_factory=dict)
    positive: str | None = None
    shown: Sequence[str] = ()

    @classmethod
    def of_headlines(cls, of_each: Sequence[Scores], groups: Groups) -> GroupScores:
        """What everybody knows of each group, which is no mean of examples: of chance nothing is known."""
        names = list(of_each[0].headline) if of_each else []
        values: dict[str, Values] = {name: [scores.headline[name] for scores in of_each] for name in names}
        intervals = [
            {name: scores.intervals[name] for name in names if name in scores.intervals} for scores in of_each
        ]
        return cls(groups, values, intervals, {}, shown=names)

    def as_json(self) -> dict[str, Any]:
        """As evaluation/<split>.json has it below `by`, for one column."""
        sizes = self.groups.sizes.tolist()
        rows = [
            {
                "group": name,
                "described": self.groups.described[number],
                "examples": sizes[number],
                "scores": {measure: of_all[number] for measure, of_all in self.values.items()},
                "intervals": intervals_as_json(self.intervals[number]),
            }
            for number, name in enumerate(self.groups.names)
        ]
        gaps = {measure: self._gap(measure) for measure in self.values}
        return {
            "groups": rows,
            "gaps": {measure: gap for measure, gap in gaps.items() if gap is not None},
            "fairness": dict(self.fairness),
            "positive": self.positive,
            "shown": [name for name in self.shown if name in self.values],
            "notes": list(self.groups.notes),
        }

    def _gap(self, measure: str) -> dict[str, Any] | None:
        found = gap_of(self.values[measure])
        if found is None:
            return None
        names = self.groups.names
        worst = {"min": names[found.highest], "max": names[found.lowest], None: None}[
            better_of_measure(measure)
        ]
        return {
            "gap": found.gap,
            "ratio": found.ratio,
            "min": found.low,
            "max": found.high,
            "lowest": names[found.lowest],
            "highest": names[found.highest],
            "worst": worst,
            "by_chance": self.by_chance.get(measure),
        }


@dataclass(frozen=True)
class Gap:
    """The range of a measure over groups.

    Attributes:
        low: Of the group with the least.
        high: Of the group with the most.
        lowest: The place of the one.
        highest: The place of the other.
    """

    low: float
    high: float
    lowest: int
    highest: int

    @property
    def gap(self) -> float:
        return self.high - self.low

    @property
    def ratio(self) -> float | None:
        """Of the smallest to the largest; None where that means nothing."""
        return self.low / self.high if self.low >= 0 and self.high > 0 else None


def gap_of(values: Values) -> Gap | None:
    """The range of a measure; None where fewer than two groups have it."""
    known = [(value, place) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return None
    low, lowest = min(known)
    high, highest = max(known, key=lambda one: (one[0], -one[1]))
    return Gap(low, high, lowest, highest)


def share(hits: np.ndarray, counts: np.ndarray) -> list[float | None]:
    """Shares by group; None where there is nothing of which it would be a share."""
    return [hit / count if count else None for hit, count in zip(hits.tolist(), counts.tolist(), strict=True)]


def share_by_chance(hits: np.ndarray, counts: np.ndarray, seed: int) -> float | None:
    """The gap of a share that is exceeded in one of twenty cases if the hits fall to groups by chance.

    How many of all hits fall to each group is then multivariate hypergeometric: a permutation test without
    permuting anything (Fisher's exact test, for two groups).

    Args:
        hits: Of each group, shape (groups,).
        counts: Of what there are so many, likewise.
        seed: Fixes the draws.
    """
    inside = counts > 0
    if inside.sum() < 2 or counts.sum() >= _MOST_DRAWN_FROM:
        return None
    random = np.random.default_rng(seed)
    drawn = random.multivariate_hypergeometric(
        counts[inside], int(hits.sum()), size=_DRAWS, method="marginals"
    )
    shares = drawn / counts[inside]
    return float(np.quantile(np.ptp(shares, axis=1), LEVEL))


def mean_by_chance(quantity: np.ndarray, groups: Groups, seed: int) -> float | None:
    """The same for the mean of a quantity, by shuffling which example is of which group.

    Args:
        quantity: Of each example, shape (n,).
        groups: Of the same examples.
        seed: Fixes what is shuffled.
    """
    sizes, random = groups.sizes, np.random.default_rng(seed)
    if len(sizes) < 2:
        return None
    draws = int(np.clip(_MOST_SHUFFLED // len(quantity), 100, _DRAWS))
    ranges = [
        np.ptp(np.bincount(groups.members, random.permutation(quantity), len(sizes)) / sizes)
        for _ in range(draws)
    ]
    return float(np.quantile(ranges, LEVEL))
