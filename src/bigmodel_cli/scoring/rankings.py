"""Where the items that users had next stand among all items, and scores of that: recall, NDCG and others.

All items are ranked. Scores of samples of them rank models otherwise (Krichene and Rendle 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.distinct import Distinct
from bigmodel_cli.interactions import Had

# Scores that are held at a time: 32 MB of float32. Products of fewer rows are slower for each.
_AT_ONCE = 2**23
# Of how many items the best one stands for all, where it is looked for what the best have at least.
_ALIKE = 8
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
    lists: np.ndarray | None = None,
) -> Ranked:
    """Rank all items for each row.

    Args:
        scores: Of some rows, by their numbers, gives what every item scores: float (rows, num_items), which
            is changed. What is no number is worst.
        wanted: The item that each row is about, int (n,); -1: one that is nowhere.
        num_items: How many there are.
        top: How many of the best are kept.
        left_out: Of each row, the items that are not recommended, as those that the user had; None: none.
        lists: Rows with the same number are about one ranking, as `Asked` has them, so that items are
            scored once for all of these, as for the first; int (n,). None: each row has its own.
    """
    top = min(top, num_items)
    firsts, list_of = np.arange(len(wanted)), np.arange(len(wanted))
    if lists is not None:
        _, firsts, list_of = np.unique(lists, return_index=True, return_inverse=True)
    # Rows of one list stand together, in the order of lists.
    order = np.argsort(list_of, kind="stable")
    starts = np.searchsorted(list_of[order], np.arange(len(firsts) + 1))
    ranked = _nothing(len(wanted), top)
    for block in _blocks(len(firsts), num_items):
        some, rows = firsts[block], order[starts[block[0]] : starts[block[-1] + 1]]
        left = None if left_out is None else left_out.rows(some)
        _rank(ranked, rows, list_of[rows] - block[0], scores(some), wanted, left)
    return ranked


def _nothing(count: int, top: int) -> Ranked:
    """As many rows, of which nothing is known yet."""
    better, equal, candidates = np.zeros((3, count), np.int64)
    return Ranked(better, equal, candidates, np.zeros(count, bool), np.full((count, top), -1, np.int32))


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
        # Not by an index: its rows are not whole in memory, and all that follows takes six times as long.
        found = found if items.places is None else np.take(found, items.places, axis=1)
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
    for into, row, bound in zip(found, scores, _bounds(scores, top), strict=True):
        places = np.flatnonzero(row >= bound)
        if bound == OUT:
            places = places[row[places] > OUT]
        order = places[np.argsort(-row[places], kind="stable")[:top]]
        into[: len(order)] = order
    return found


def _bounds(scores: np.ndarray, top: int) -> np.ndarray:
    """For each row what its best have at least, or somewhat less: sorting all of it takes much longer."""
    num_items = scores.shape[1]
    # Each of the best is at least as good as the last of as many that are the best of some others.
    if num_items >= 4 * _ALIKE * top:
        size = num_items // _ALIKE
        scores = scores[:, : size * _ALIKE].reshape(len(scores), _ALIKE, size).max(axis=1)
        num_items = size
    if top >= num_items:
        return np.full(len(scores), OUT)
    found: np.ndarray = np.partition(scores, num_items - top, axis=1)[:, num_items - top]
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


def _rank(
    ranked: Ranked,
    rows: np.ndarray,
    list_of: np.ndarray,
    scores: np.ndarray,
    wanted: np.ndarray,
    left_out: Had | None,
) -> None:
    """Put into a ranking what follows for some rows from the scores of their lists.

    Args:
        ranked: Of all rows.
        rows: Which ones.
        list_of: The list of each of them.
        scores: Of each list, which are changed.
        wanted: The item of each of all rows.
        left_out: Of each list.
    """
    _leave_out(scores, left_out)
    candidates = np.full(len(scores), scores.shape[1])
    if left_out is not None:
        candidates = candidates - left_out.counts()
    ranked.top[rows] = best(scores, ranked.top.shape[1])[list_of]
    ranked.candidates[rows] = ranked.better[rows] = candidates[list_of]
    for row, number, item in zip(rows.tolist(), list_of.tolist(), wanted[rows].tolist(), strict=True):
        of_list = scores[number]
        if item < 0 or of_list[item] == OUT:
            continue
        ranked.found[row] = True
        ranked.better[row] = np.count_nonzero(of_list > of_list[item])
        ranked.equal[row] = np.count_nonzero(of_list == of_list[item]) - 1
