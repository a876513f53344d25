"""Which edits make one sequence of another: words, or characters."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np

How = Literal["right", "substituted", "deleted", "inserted"]


class Step(NamedTuple):
    """One part of an alignment.

    Attributes:
        how: What became of it.
        right: What was said; "" where nothing was.
        found: What was heard; "" where nothing was.
    """

    how: How
    right: str
    found: str


def _costs(right: Sequence[Hashable], found: Sequence[Hashable]) -> np.ndarray:
    """How many edits make each beginning of one sequence of each of another (Levenshtein 1966)."""
    number_of: dict[Hashable, int] = {}
    one, other = (
        np.array([number_of.setdefault(part, len(number_of)) for part in parts], np.int64)
        for parts in (right, found)
    )
    places = np.arange(len(other) + 1)
    costs = np.empty((len(one) + 1, len(other) + 1), np.int64)
    costs[0] = places
    for row, part in enumerate(one, 1):
        before = costs[row - 1]
        least = before + 1
        least[1:] = np.minimum(least[1:], before[:-1] + (other != part))
        # Insertions add up from the left.
        costs[row] = np.minimum.accumulate(least - places) + places
    return costs


def num_edits(right: Sequence[Hashable], found: Sequence[Hashable]) -> int:
    """The fewest substitutions, deletions and insertions that make one sequence of another."""
    return int(_costs(right, found)[-1, -1])


def aligned(right: Sequence[str], found: Sequence[str]) -> list[Step]:
    """One of the alignments with the fewest edits, from left to right."""
    costs = _costs(right, found)
    steps: list[Step] = []
    row, place = len(right), len(found)
    while row or place:
        cost = costs[row, place]
        differ = bool(row and place and right[row - 1] != found[place - 1])
        if row and place and cost == costs[row - 1, place - 1] + differ:
            row, place = row - 1, place - 1
            steps.append(Step("substituted" if differ else "right", right[row], found[place]))
        elif row and cost == costs[row - 1, place] + 1:
            row -= 1
            steps.append(Step("deleted", right[row], ""))
        else:
            place -= 1
            steps.append(Step("inserted", "", found[place]))
    return steps[::-1]
