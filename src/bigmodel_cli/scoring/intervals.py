"""How far a score of a sample may be from the score of all examples there could be: 95 % intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

LEVEL = 0.95
RESAMPLES = 1000
# 0.975 quantile of the standard normal distribution.
_Z = 1.959963984540054
# Numbers drawn at once: 32 MB of indices.
_AT_ONCE = 2**22


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval.

    Attributes:
        low: Its lower end.
        high: Its upper end.
        method: `wilson` or `bootstrap`.
    """

    low: float
    high: float
    method: str

    def as_json(self) -> dict[str, float | str]:
        return asdict(self)


def wilson(hits: int, count: int) -> Interval:
    """The interval of a share (Wilson 1927), which is right for small samples and shares near 0 and 1.

    Where every example was a hit, resampling would find no spread at all.
    """
    share = hits / count
    spread = _Z * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    middle = share + _Z**2 / (2 * count)
    scale = 1 + _Z**2 / count
    # The formula has these ends exactly, but not in floating point.
    low = 0.0 if hits == 0 else (middle - spread) / scale
    high = 1.0 if hits == count else (middle + spread) / scale
    return Interval(float(low), float(high), "wilson")


def bootstrapped_counts(matrix: np.ndarray, seed: int) -> np.ndarray:
    """Confusion matrices of samples drawn with replacement from the examples of one.

    How often each cell is drawn has a multinomial distribution, so that no example need be touched.

    Args:
        matrix: Counts of shape (classes, classes).
        seed: Fixes the draws.

    Returns:
        int64 of shape (resamples, cells), for the cells that are not empty, as `np.nonzero` orders them.
    """
    counts = matrix[np.nonzero(matrix)]
    total = int(counts.sum())
    return np.random.default_rng(seed).multinomial(total, counts / total, size=RESAMPLES)


def bootstrapped_means(values: np.ndarray, seed: int) -> np.ndarray:
    """Means of samples drawn with replacement.

    Args:
        values: Shape (n, k): k quantities of each example.
        seed: Fixes the draws.

    Returns:
        Shape (resamples, k).
    """
    random = np.random.default_rng(seed)
    count = len(values)
    at_once = max(1, min(RESAMPLES, _AT_ONCE // max(1, count * values.shape[1])))
    return np.concatenate(
        [
            values[random.integers(0, count, (min(at_once, RESAMPLES - done), count))].mean(axis=1)
            for done in range(0, RESAMPLES, at_once)
        ]
    )


def percentiles(samples: np.ndarray) -> Interval:
    """The interval between the 2.5th and the 97.5th percentile of resampled scores (Efron 1979)."""
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high), "bootstrap")


def intervals_as_json(intervals: Mapping[str, Interval]) -> dict[str, dict[str, float | str]]:
    return {name: interval.as_json() for name, interval in intervals.items()}
