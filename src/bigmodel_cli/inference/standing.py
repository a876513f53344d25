"""Distances as deviations of what is usual among held-out examples, whose logarithms are nearly normal."""

from __future__ import annotations

import numpy as np

# So many held-out examples of a class count as much for its median and its deviation as all others do: few
# say where it is, and many how wide it is.
_FOR_MEDIAN, _FOR_DEVIATION = 5, 60
# So many deviations beyond the median a tenth of a normal distribution begins.
_FAR_TENTH = 1.2816
_TINY = 1e-3


def scale_of(distances: np.ndarray) -> np.ndarray:
    """Mean and deviation of the logarithm of distances, shape (2,)."""
    logs = np.log(distances + _TINY)
    return np.array([logs.mean(), max(float(logs.std()), _TINY)])


def scale_of_each(distances: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """The scale of each of `count` groups, shape (count, 2): of few examples it is nearer to that of all.

    It is that of the far half, median and nine tenths, since that is the one which is limited: logarithms of
    some classes have a tail to that side, and those of others to the near one.
    """
    logs = np.log(distances + _TINY)
    medians = np.full(count, np.median(logs))
    sizes = np.bincount(groups, minlength=count)
    for group in np.flatnonzero(sizes).tolist():
        medians[group] = np.median(logs[groups == group])
    away = logs - medians[groups]
    deviations = np.full(count, _deviation(away))
    for group in np.flatnonzero(sizes).tolist():
        deviations[group] = _deviation(away[groups == group])
    weights = np.stack([sizes / (sizes + few) for few in (_FOR_MEDIAN, _FOR_DEVIATION)], axis=1)
    whole = np.array([np.median(logs), _deviation(away)])
    return np.asarray(weights * np.stack([medians, deviations], axis=1) + (1 - weights) * whole)


def _deviation(away: np.ndarray) -> float:
    """That of a normal distribution with the same far tenth."""
    return max(float(np.quantile(away, 0.9)) / _FAR_TENTH, _TINY)


def standing(distances: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """How far distances are beyond the mean, in deviations of their scale.

    Args:
        distances: Shape (n,).
        scale: Shape (2,), or each one's own, shape (n, 2).
    """
    mean, deviation = np.asarray(scale).T
    return np.asarray((np.log(distances + _TINY) - mean) / deviation)
