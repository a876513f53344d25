"""Rows that are there more than once: within a split, in two of them, and with other targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.kinds.profile import Seen

# Steele, Lea, Flood 2014, Fast Splittable Pseudorandom Number Generators: the constants of SplitMix64.
_FIRST, _SECOND, _STEP = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0x9E3779B97F4A7C15


class RowHashes:
    """64 bits for each row, of all of its columns, whatever order they come in.

    Args:
        count: Rows.

    Attributes:
        values: uint64 of shape (count,); of a million rows, two different ones have the same once in
            a hundred million tables.
        by_chance: How likely two rows would be the same, were columns independent.
    """

    def __init__(self, count: int) -> None:
        self.values = np.zeros(count, np.uint64)
        self.by_chance = 1.0

    def add(self, name: str, seen: Seen, sample: np.ndarray) -> None:
        """Take a column into account.

        Args:
            name: Of the column: the same value of another one is another hash.
            seen: The column.
            sample: Rows by which the chance is estimated.
        """
        salt = sum(byte * 257**place for place, byte in enumerate(name.encode())) % 2**64
        for number, part in enumerate(seen.whole):
            self.values += _mixed(_bits(part), (salt + (number + 1) * _STEP) % 2**64)
            _, counts = np.unique(_bits(part[sample]), return_counts=True)
            if number == 0:
                self.by_chance *= float(((counts / counts.sum()) ** 2).sum())


def _bits(values: np.ndarray) -> np.ndarray:
    """Values as whole numbers, in which 0 and -0 are the same, and so is all that is missing."""
    if values.dtype.kind != "f":
        found: np.ndarray = values.astype(np.int64).view(np.uint64)
        return found
    plain = values.astype(np.float32) + np.float32(0)
    plain[np.isnan(plain)] = np.nan
    return plain.view(np.uint32).astype(np.uint64)


def _mixed(bits: np.ndarray, salt: int) -> np.ndarray:
    mixed = bits * np.uint64(_STEP) + np.uint64(salt)
    for shift, factor in ((30, _FIRST), (27, _SECOND)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return mixed


@dataclass(frozen=True, eq=False)
class Copies:
    """Rows of several splits by what is the same.

    Attributes:
        group: For each row the number of its group of equal inputs: int64 of shape (n,).
        sizes: Rows in each group.
        splits: The rows of each split.
    """

    group: np.ndarray
    sizes: np.ndarray
    splits: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, hashes: np.ndarray, splits: Mapping[str, np.ndarray]) -> Copies:
        """By the hashes of all rows."""
        _, group, sizes = np.unique(hashes, return_inverse=True, return_counts=True)
        return cls(group.reshape(-1), sizes, splits)

    def inside(self, split: str) -> np.ndarray:
        """The rows of a split that are copies of an earlier one of it."""
        rows = self.splits[split]
        _, first = np.unique(self.group[rows], return_index=True)
        is_copy = np.ones(len(rows), np.bool_)
        is_copy[first] = False
        return rows[is_copy]

    def shared(self, split: str, other: str) -> np.ndarray:
        """The rows of a split that are in another one, too."""
        rows = self.splits[split]
        return rows[np.isin(self.group[rows], self.group[self.splits[other]])]

    def twin(self, row: int, other: str | None = None) -> int:
        """The first row with the same inputs, of another split or of any."""
        rows = np.arange(len(self.group)) if other is None else self.splits[other]
        same = rows[self.group[rows] == self.group[row]]
        return int(same[same != row][0])

    def contradicting(self, targets: np.ndarray) -> np.ndarray:
        """The rows that have the same inputs as another one with another target.

        Args:
            targets: A whole number for each row, the same for the same target; less than 0 of a row that has
                none.
        """
        known = np.flatnonzero(targets >= 0)
        low = np.full(len(self.sizes), np.iinfo(np.int64).max)
        high = np.full(len(self.sizes), np.iinfo(np.int64).min)
        np.minimum.at(low, self.group[known], targets[known])
        np.maximum.at(high, self.group[known], targets[known])
        found: np.ndarray = known[(low < high)[self.group[known]]]
        return found

    def wrong_at_least(self, targets: np.ndarray, split: str) -> int:
        """How many rows of a split no model can be right about: all but a group's most frequent target."""
        rows = self.splits[split]
        rows = rows[targets[rows] >= 0]
        labels, codes = np.unique(targets[rows], return_inverse=True)
        pairs, counts = np.unique(self.group[rows] * len(labels) + codes, return_counts=True)
        most = np.zeros(len(self.sizes), np.int64)
        np.maximum.at(most, pairs // len(labels), counts)
        return len(rows) - int(most.sum())
