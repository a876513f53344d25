"""How far a column of one split is from that of another: distances between 0 and 1, and no p-values.

With many rows every difference is significant, with few none is. So the distance itself is reported, beside
the one that is expected by chance of two samples of that size from the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.kinds.profile import Seen

# The mean of Kolmogorov's distribution: sqrt(pi / 2) * ln 2.
_MEAN_KOLMOGOROV = 0.8687
MATTERS = 0.1
_TIMES_CHANCE = 2.0


@dataclass(frozen=True)
class Drift:
    """How far two samples of a column are from each other.

    Attributes:
        measure: `kolmogorov_smirnov`, the largest difference of the shares below a number, or
            `total_variation`, the share of rows that would have to change their category.
        distance: From 0 to 1.
        by_chance: What is expected of two samples of one distribution.
        missing: The share of missing values less that of training.
        unseen: The share of rows whose category training has not.
    """

    measure: str
    distance: float
    by_chance: float
    missing: float
    unseen: float = 0.0

    @property
    def matters(self) -> bool:
        """Whether it is large, and more than chance makes of so few rows."""
        return self.distance >= max(MATTERS, _TIMES_CHANCE * self.by_chance) or self.loses_values

    @property
    def loses_values(self) -> bool:
        """Whether much more is missing, or less."""
        return abs(self.missing) >= max(MATTERS, _TIMES_CHANCE * self.by_chance)

    def as_json(self) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "distance": round(self.distance, 4),
            "by_chance": round(self.by_chance, 4),
            "missing": round(self.missing, 4),
            "unseen": round(self.unseen, 4),
            "matters": self.matters,
        }


def drift(train: Seen, other: Seen) -> Drift:
    """The distance of a split from training."""
    missing = float(other.missing.mean() - train.missing.mean())
    # Of texts, hardly any is there twice; of them lengths are compared.
    if train.numbers is not None and other.numbers is not None:
        return _of_numbers(train.numbers, other.numbers, missing)
    assert train.codes is not None and other.codes is not None
    return _of_codes(train.codes, other.codes, len(train.names), missing)


def _of_numbers(first: np.ndarray, second: np.ndarray, missing: float) -> Drift:
    one, other = (np.sort(numbers[~np.isnan(numbers)]) for numbers in (first, second))
    name = "kolmogorov_smirnov"
    if not len(one) or not len(other):
        return Drift(name, 0.0, 0.0, missing)
    places = np.concatenate([one, other])
    below = [np.searchsorted(numbers, places, side="right") / len(numbers) for numbers in (one, other)]
    distance = float(np.abs(below[0] - below[1]).max())
    return Drift(name, distance, min(1.0, _MEAN_KOLMOGOROV * _scale(len(one), len(other))), missing)


def _of_codes(first: np.ndarray, second: np.ndarray, size: int, missing: float) -> Drift:
    # A missing value is one more category.
    counts = [np.bincount(codes + 1, minlength=size + 1) for codes in (first, second)]
    shares = [of_one / of_one.sum() for of_one in counts]
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    both = (counts[0] + counts[1]) / (len(first) + len(second))
    # The mean of the absolute value of a normal variable is sqrt(2 / pi) of its standard deviation.
    deviations = np.sqrt(both * (1 - both)) * _scale(len(first), len(second))
    by_chance = float(np.sqrt(2 / np.pi) * deviations.sum() / 2)
    unseen = float(shares[1][1:][counts[0][1:] == 0].sum())
    return Drift("total_variation", distance, min(1.0, by_chance), missing, unseen)


def _scale(first: int, second: int) -> float:
    return float(np.sqrt(1 / first + 1 / second))
