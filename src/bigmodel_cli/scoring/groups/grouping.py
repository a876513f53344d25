"""Groups of examples, by the values of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MISSING, OTHERS = "(missing)", "(others)"
# Smaller groups than the largest hundred are one.
MOST_GROUPS = 100
# Numbers with so many different values are groups by themselves; with more they are cut.
_MOST_VALUES = 10
_QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each example is of.

    Attributes:
        names: Of the groups that have examples, as gates ask for them.
        members: int64 places among `names`, shape (n,).
        described: What a name stands for, for people; the same text where it says all.
        notes: Sentences on how groups were made, without the column's name.
    """

    names: tuple[str, ...]
    members: np.ndarray
    described: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def sizes(self) -> np.ndarray:
        """Examples of each, int64 of shape (groups,)."""
        return np.bincount(self.members, minlength=len(self.names))

    def take(self, rows: np.ndarray) -> Groups:
        """The groups of some of the examples."""
        kept, members = np.unique(self.members[rows], return_inverse=True)
        names, described = (
            tuple(texts[place] for place in kept.tolist()) for texts in (self.names, self.described)
        )
        return Groups(names, members.reshape(-1), described, self.notes)


def groups_of_names(codes: np.ndarray, names: Sequence[str]) -> Groups:
    """A group for each name, in their order.

    Args:
        codes: Places among `names`, whole numbers of shape (n,); any other number is a missing one.
        names: One may be "", which is missing too.
    """
    is_known = (codes >= 0) & (codes < len(names))
    # What is missing has the last place.
    members = np.where(is_known, codes, len(names)).astype(np.int64)
    called = [*(name or MISSING for name in names), MISSING]
    for place, name in enumerate(names):
        if not name:
            members[members == place] = len(names)
    return _numbered(members, called)


def groups_of_numbers(values: np.ndarray) -> Groups:
    """A group for each of a few numbers; of many, four of about as many examples each.

    Args:
        values: Shape (n,); NaN is missing.
    """
    numbers = np.asarray(values, np.float64)
    is_missing = np.isnan(numbers)
    known = np.unique(numbers[~is_missing])
    if len(known) <= _MOST_VALUES:
        codes = np.where(is_missing, -1, np.searchsorted(known, numbers))
        return groups_of_names(codes, [f"{value:g}" for value in known.tolist()])
    edges = np.unique(np.quantile(numbers[~is_missing], _QUARTERS, method="inverted_cdf"))
    # Each edge is a value that occurs, the largest of its group.
    members = np.where(is_missing, len(edges) + 1, np.searchsorted(edges, numbers, side="left"))
    names = [f"q{number}" for number in range(1, len(edges) + 2)]
    groups = _numbered(members, [*names, MISSING])
    described = []
    for number, name in enumerate(groups.names):
        inside = numbers[groups.members == number]
        is_range = name != MISSING
        described.append(f"{name}: {inside.min():g} to {inside.max():g}" if is_range else name)
    note = f"{len(known):,} different numbers, cut at quartiles"
    return Groups(groups.names, groups.members, tuple(described), (*groups.notes, note))


def _numbered(members: np.ndarray, names: Sequence[str]) -> Groups:
    """Without groups that no example is of, and with few enough of them."""
    sizes = np.bincount(members, minlength=len(names))
    kept = np.flatnonzero(sizes)
    notes: tuple[str, ...] = ()
    called = [names[place] for place in kept.tolist()]
    place_of = np.full(len(names), len(called))
    if len(kept) > MOST_GROUPS:
        largest = np.argsort(-sizes, kind="stable")[: MOST_GROUPS - 1]
        notes = (
            f"{len(kept):,} different values: the {len(kept) - len(largest):,} that are rarest are one group",
        )
        kept = np.sort(largest)
        called = [*(names[place] for place in kept.tolist()), OTHERS]
        place_of = np.full(len(names), len(kept))
    place_of[kept] = np.arange(len(kept))
    return Groups(tuple(called), place_of[members], tuple(called), notes)
