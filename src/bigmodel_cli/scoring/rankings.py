"""Where the items that users had next stand among all items, and scores of that: recall, NDCG and others.

All items are ranked. Scores of samples of them rank models otherwise (Krichene and Rendle 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.distinct import Distinct
from bigmodel_cli.interactions import Had

# Scores that are held at a time: 32 MB of float32.
_AT_ONCE = 2**23
# What an item that is out of the question scores.
OUT = -np.inf


@dataclass(frozen=True)
class Ranked:
    """Of each row, where its item stands among those that might have been recommended.

    Attributes:
        better: How many others score better, int64 (n,); all of them, where the item itself may not be found.
        equal: How many others score the same, int64 (n,).
        candidates: How many there are with the item itself, int64 (n,).
        found: Whether the item may be found at all: it is one of the items, and not left out. bool (n,).
        top: The best ones, the best first, int32 (n, top); -1 behind the last.
    """

    better: np.ndarray
    equal: np.ndarray
    candidates: np.ndarray
    found: np.ndarray
    top: np.ndarray

    def __len__(self) -> int:
        return len(self.better)

    def take(self, rows: np.ndarray) -> Ranked:
        """Some rows, by their numbers or a mask."""
        return Ranked(
            self.better[rows], self.equal[rows], self.candidates[rows], self.found[rows], self.top[rows]
        )


def rank_all(
    scores: Callable[[np.ndarray], np.ndarray],
    wanted: np.ndarray,
    *,
    num_items: int,
    top: int,
    left_out: Had | None = None,
) -> Ranked:
    """Rank all items for each row.

    Args:
        scores: Of some rows, by their numbers, gives what every item scores: float (rows, num_items), which
            is changed. What is no number is worst.
        wanted: The item that each row is about, int (n,); -1: one that is nowhere.
        num_items: How many there are.
        top: How many of the best are kept.
        left_out: Of each row, the items that are not recommended, as those that the user had; None: none.
    """
    top = min(top, num_items)
    parts = [
        _ranked(scores(rows), wanted[rows], None if left_out is None else left_out.rows(rows), top)
        for rows in _blocks(len(wanted), num_items)
    ]
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Ranked(nothing, nothing, nothing, nothing.astype(bool), np.zeros((0, top), np.int32))
    names = ("better", "equal", "candidates", "found", "top")
    return Ranked(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def best_of_all(
    scores: Callable[[np.ndarray], np.ndarray],
    count: int,
    *,
    num_items: int,
    top: int,
    left_out: Had | None = None,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The best items of each of so many rows, and what they score, the best first: `rank_all` without a rank.

    Args:
        scores: As for `rank_all`.
        count: How many rows there are.
        num_items: How many items there are.
        top: How many of the best are asked for; a row has fewer where others are left out.
        left_out: As for `rank_all`.
    """
    for rows in _blocks(count, num_items):
        found = scores(rows)
        _leave_out(found, None if left_out is None else left_out.rows(rows))
        for of_row, places in zip(found, best(found, min(top, num_items)), strict=True):
            there = places[places >= 0]
            yield there, of_row[there]


def dot_scores(
    queries: np.ndarray, items: Distinct, prior: np.ndarray | None = None
) -> Callable[[np.ndarray], np.ndarray]:
    """Scores for `rank_all`: products of a row's vector with those of items, and what items have beforehand.

    Args:
        queries: Of each row, float32 (n, d).
        items: Their vectors.
        prior: Float32 (m,).
    """

    def scored(rows: np.ndarray) -> np.ndarray:
        found = np.asarray(queries[rows] @ items.vectors.T)
        found = found if items.places is None else found[:, items.places]
        return found if prior is None else np.add(found, prior, out=found)

    return scored


def best(scores: np.ndarray, top: int) -> np.ndarray:
    """The places of the best of each row, the best first; of equal ones the first.

    Args:
        scores: Shape (n, m); what is `OUT` is not taken.
        top: How many.

    Returns:
        int32 of shape (n, top); -1 behind the last.
    """
    found = np.full((len(scores), top), -1, np.int32)
    num_items = scores.shape[1]
    if not num_items or not top:
        return found
    # Sorting all of a row takes ten times as long as finding what its best have at least.
    least = (
        np.partition(scores, num_items - top, axis=1)[:, num_items - top]
        if top < num_items
        else np.full(len(scores), OUT)
    )
    for into, row, bound in zip(found, scores, least, strict=True):
        places = np.flatnonzero((row >= bound) & (row > OUT))
        order = places[np.argsort(-row[places], kind="stable")[:top]]
        into[: len(order)] = order
    return found


def _blocks(count: int, num_items: int) -> Iterator[np.ndarray]:
    """The numbers of rows whose scores are held at a time."""
    at_once = max(1, _AT_ONCE // max(1, num_items))
    for start in range(0, count, at_once):
        yield np.arange(start, min(start + at_once, count))


def _leave_out(scores: np.ndarray, left_out: Had | None) -> None:
    """Put what is not recommended out of the question, in place."""
    # So that `OUT` is what is out of the question, and that alone.
    np.fmax(scores, np.finfo(scores.dtype).min, out=scores)
    if left_out is not None:
        scores[left_out.pairs()] = OUT


def _ranked(scores: np.ndarray, wanted: np.ndarray, left_out: Had | None, top: int) -> Ranked:
    rows, num_items = np.arange(len(scores)), scores.shape[1]
    _leave_out(scores, left_out)
    candidates = np.full(len(scores), num_items)
    if left_out is not None:
        candidates = candidates - left_out.counts()
    own = scores[rows, wanted] if num_items else np.full(len(scores), OUT)
    found = (wanted >= 0) & (own > OUT)
    own = own[:, np.newaxis]
    better = np.where(found, np.count_nonzero(scores > own, axis=1), candidates)
    equal = np.where(found, np.count_nonzero(scores == own, axis=1) - 1, 0)
    return Ranked(better, equal, candidates, found, best(scores, top))
