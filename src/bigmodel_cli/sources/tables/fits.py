"""Different texts of a column, and how its cells fit a notation of numbers or a format of dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass
class Fit:
    """How the cells of a column fit a notation or a format.

    Attributes:
        misfits: How many do not.
        row: The first one's row; None: all fit.
        text: What stands there.
        low: The smallest moment of those that fit a format of dates.
        high: The largest one.
    """

    misfits: int = 0
    row: int | None = None
    text: str = ""
    low: float = float("inf")
    high: float = float("-inf")

    def misses(self, count: int, row: int, text: str) -> None:
        """Some cells do not, and the first one of them stands in a row."""
        self.misfits += count
        if self.row is None or row < self.row:
            self.row, self.text = row, text

    def takes(self, moments: np.ndarray) -> None:
        """Some cells do."""
        if len(moments):
            self.low, self.high = min(self.low, int(moments.min())), max(self.high, int(moments.max()))

    def with_(self, *others: Fit) -> Fit:
        """This one, with misfits that others have counted."""
        both = replace(self)
        for other in others:
            if other.row is not None:
                both.misses(other.misfits, other.row, other.text)
        return both


@dataclass(frozen=True)
class Different:
    """Different texts.

    Attributes:
        texts: They.
        counts: How many cells have each (int64).
        rows: The first row that has it (int64), of the block or the table.
    """

    texts: Sequence[str]
    counts: np.ndarray
    rows: np.ndarray

    def of(self, places: Sequence[int] | np.ndarray) -> Different:
        """Some of them."""
        return Different([self.texts[place] for place in places], self.counts[places], self.rows[places])

    def are_misfits_of(self, fit: Fit) -> None:
        """Count them as what does not fit."""
        if self.texts:
            first = int(self.rows.argmin())
            fit.misses(int(self.counts.sum()), int(self.rows[first]), self.texts[first])
