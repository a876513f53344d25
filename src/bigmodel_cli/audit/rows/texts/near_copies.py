"""Texts that are nearly the same: most of what stands in one stands in the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

# Texts are compared by their runs of so many letters, after the first ones of long texts.
RUN = 5
_MOST_LETTERS = 2000
# How much of the runs of both two texts must share.
NEARLY = 0.8
# 21 bands of 6 find two texts that share 0.8 of their runs with a probability of 0.998, of 0.5 with 0.28.
_BINS, _ROWS = 126, 6
# Texts that share a band with very many others are compared with one of them.
_LARGE = 50
_EMPTY = np.iinfo(np.uint64).max
_PART = 2_000_000


def near_groups(texts: Sequence[str]) -> np.ndarray:
    """Which texts are nearly the same, directly or by way of others: the number of its group for each.

    Upper and lower case, digits and white space make no difference. Candidates are found by one permutation
    hashing (Li, Owen, Zhang 2012; empty bins as Shrivastava and Li 2014 fill them), then compared.

    Args:
        texts: Any.

    Returns:
        int64 of shape (n,): the place of the group's first text.
    """
    sets = [_runs(text) for text in texts]
    group = np.arange(len(texts))
    for first, second in _candidates(_signatures(sets)):
        one, other = _root(group, first), _root(group, second)
        if one != other and _shared(sets[first], sets[second]) >= NEARLY:
            group[max(one, other)] = min(one, other)
    return np.array([_root(group, place) for place in range(len(group))], np.int64)


def _runs(text: str) -> np.ndarray:
    """The different runs of letters of a text, each as a number: uint64, sorted."""
    plain = " ".join(text[:_MOST_LETTERS].casefold().split())
    points = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    points = np.where((points >= 48) & (points <= 57), np.uint64(48), points)
    if len(points) < RUN:
        points = np.concatenate([points, np.zeros(RUN - len(points), np.uint64)])
    runs = np.zeros(len(points) - RUN + 1, np.uint64)
    for place in range(RUN):
        runs = runs * np.uint64(0x100000001B3) + points[place : place + len(runs)]
    runs ^= runs >> np.uint64(29)
    runs *= np.uint64(0xBF58476D1CE4E5B9)
    found: np.ndarray = np.unique(runs ^ (runs >> np.uint64(32)))
    return found


def _signatures(sets: Sequence[np.ndarray]) -> np.ndarray:
    """For each text the smallest number in each bin: uint64 of shape (n, bins)."""
    found = np.full((len(sets), _BINS), _EMPTY)
    start = 0
    while start < len(sets):
        stop, size = start, 0
        while stop < len(sets) and size < _PART:
            size += len(sets[stop])
            stop += 1
        numbers = np.concatenate(sets[start:stop])
        owners = np.repeat(np.arange(start, stop), [len(one) for one in sets[start:stop]])
        np.minimum.at(found, (owners, (numbers % np.uint64(_BINS)).astype(np.int64)), numbers)
        start = stop
    return _filled(found)


def _filled(signatures: np.ndarray) -> np.ndarray:
    """Empty bins with what stands in the next one that is not, and how far away it is."""
    places = np.arange(2 * _BINS)
    doubled = np.concatenate([signatures, signatures], 1)
    at = np.where(doubled != _EMPTY, places, 2 * _BINS)
    following = np.minimum.accumulate(at[:, ::-1], 1)[:, ::-1][:, :_BINS]
    distance = (following - places[:_BINS]).astype(np.uint64)
    filled: np.ndarray = np.take_along_axis(doubled, following % (2 * _BINS), 1)
    filled += distance * np.uint64(0x9E3779B97F4A7C15)
    return filled


def _candidates(signatures: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of texts that agree in a band."""
    for start in range(0, _BINS, _ROWS):
        band = np.ascontiguousarray(signatures[:, start : start + _ROWS])
        keys = band.view(np.dtype((np.void, band.dtype.itemsize * _ROWS))).reshape(-1)
        order = np.argsort(keys, kind="stable")
        changes = np.flatnonzero(keys[order][1:] != keys[order][:-1]) + 1
        for bucket in np.split(order, changes):
            members = bucket.tolist()
            for place, first in enumerate(members[:_LARGE]):
                for second in members[place + 1 :] if place == 0 else members[place + 1 : _LARGE]:
                    yield first, second


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """Jaccard's coefficient of two sets."""
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both / (len(one) + len(other) - both)


def _root(group: np.ndarray, place: int) -> int:
    while group[place] != place:
        group[place] = group[group[place]]
        place = int(group[place])
    return place
