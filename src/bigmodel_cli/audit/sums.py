"""Sums over many examples, of which mean, spread and range of each channel are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Sums:
    """Sums over the examples of a split, per channel; numbers that are none are only counted.

    Attributes:
        counts: Finite numbers: float64 of shape (channels,), as all of these.
        totals: Their sums.
        squares: The sums of their squares.
        lowest: The smallest of each channel.
        highest: The largest.
        nan: Numbers that are NaN.
        infinite: Numbers that are infinite.
    """

    counts: np.ndarray
    totals: np.ndarray
    squares: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    nan: int = 0
    infinite: int = 0

    def add(self, other: Sums) -> None:
        """Take more examples into account."""
        self.counts += other.counts
        self.totals += other.totals
        self.squares += other.squares
        np.minimum(self.lowest, other.lowest, out=self.lowest)
        np.maximum(self.highest, other.highest, out=self.highest)
        self.nan += other.nan
        self.infinite += other.infinite


def sums_of(numbers: np.ndarray) -> Sums:
    """Sums over examples, whose numbers have the shape (channels, numbers)."""
    # Along rows that lie together in memory, sums are many times faster.
    wide = np.ascontiguousarray(numbers, np.float64)
    finite = np.isfinite(wide)
    kept = wide if finite.all() else np.where(finite, wide, 0.0)
    return Sums(
        finite.sum(axis=1).astype(np.float64),
        kept.sum(axis=1),
        np.einsum("cn,cn->c", kept, kept),
        wide.min(axis=1, where=finite, initial=np.inf),
        wide.max(axis=1, where=finite, initial=-np.inf),
        int(np.isnan(wide).sum()),
        int(np.isinf(wide).sum()),
    )
