"""A quick look at all cells of a column, block by block, for as long as they are numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bigmodel_cli.sources.tables import numbers
from bigmodel_cli.sources.tables.cells import Cells
from bigmodel_cli.sources.tables.columns import Kept, Texts
from bigmodel_cli.sources.tables.numbers import Notation
from bigmodel_cli.sources.tables.uniqueness import Uniqueness

if TYPE_CHECKING:
    import numpy as np

# So many different values of a column are counted.
MOST_NUMBERS = 1000
# So many cells tell that a column is none of numbers, as a rule.
_FIRST = 100


def are_days(values: np.ndarray) -> bool:
    """Whether numbers can be days of eight digits, `20240229`, from 1900 to 2100."""
    if not len(values) or not (values.min() >= 19000101 and values.max() <= 21001231):
        return not len(values)
    months, days = values // 100 % 100, values % 100
    is_day = (months >= 1) & (months <= 12) & (days >= 1) & (days <= 31) & (days % 1 == 0)
    return bool(is_day.all())


class NumberLook:
    """A column as long as all of its cells are numbers in one notation, or marks of missing ones.

    Args:
        notations: Those that there may be, the likelier ones first.
        marks: The texts that mean "missing".
        takes_padded: Whether numbers may begin with zeros, as codes do.
        keep: Whether they are kept, so that nobody need read them again: as float32, and as they are written
            as long as they may be ids.
    """

    def __init__(
        self,
        notations: Sequence[Notation],
        marks: frozenset[str],
        *,
        takes_padded: bool = False,
        keep: bool = False,
    ) -> None:
        self.keeps = keep
        self._kept: list[np.ndarray] = []
        self._written: list[Texts] = []
        self._takes_padded = takes_padded
        self._notations = notations
        self._marks = marks
        self.notation: Notation | None = None
        self.rows = 0
        self.marks: Counter[str] = Counter()
        self.low, self.high = float("inf"), float("-inf")
        self.is_whole = True
        self.are_days = True
        self._has_padded = False
        self.unique = Uniqueness()
        self.counter: Counter[str] | None = Counter()

    def take(self, cells: Cells) -> bool:
        """Look at a block; False where some cell is no number: nothing is taken then."""
        import numpy as np

        values = self._values(cells)
        if values is None:
            return False
        is_there = ~np.isnan(values)
        there = values if is_there.all() else values[is_there]
        is_whole = bool((there == np.floor(there)).all())
        self.rows += len(values)
        if len(there) < len(values):
            self.marks.update(cells.counts_where(~is_there))
        if len(there):
            self.low = min(self.low, float(there.min()))
            self.high = max(self.high, float(there.max()))
        self.is_whole &= is_whole
        if self.is_whole and not self._takes_padded and not self._has_padded:
            self._has_padded = cells.any_padded()
        self.are_days = self.are_days and are_days(there)
        if not self.is_whole:
            self.unique.give_up()
        self.unique.take(there)
        self._count(cells, there)
        if self.keeps:
            self._keep(cells, values)
        return True

    def _keep(self, cells: Cells, values: np.ndarray) -> None:
        import numpy as np

        with np.errstate(over="ignore"):
            self._kept.append(values.astype(np.float32))
        if self.unique.is_possible and not self._takes_padded:
            self._written.append(cells.texts())
        else:
            self._written.clear()

    def kept(self) -> Kept:
        """What was kept of the cells."""
        return Kept(numbers=self._kept, written=self._written)

    @property
    def are_codes(self) -> bool:
        """Whether they are whole numbers of which some begin with zeros: texts, which lose nothing."""
        return self.is_whole and self._has_padded

    def _values(self, cells: Cells) -> np.ndarray | None:
        import numpy as np

        if self.notation is not None:
            return cells.numbers(self._marks, self.notation)
        sample = [text for text in cells.first(_FIRST) if text and text not in self._marks]
        sign = next(filter(None, map(numbers.sign_of, sample)), None)
        for one in self._notations:
            notation = replace(one, sign=sign or one.sign)
            if any(numbers.parse(text, notation) is None for text in sample):
                continue
            values = cells.numbers(self._marks, notation)
            if values is not None:
                # Where no cell has a number yet, any other notation may fit the next ones.
                self.notation = None if np.isnan(values).all() else notation
                return values
        return None

    def _count(self, cells: Cells, values: np.ndarray) -> None:
        """Count the different values while they are few."""
        import numpy as np

        if self.counter is None:
            return
        sample = values[: 2 * MOST_NUMBERS]
        if len(np.unique(sample)) > MOST_NUMBERS:
            self.counter = None
            return
        texts, counts = cells.counts()
        for text, count in zip(texts, counts.tolist(), strict=True):
            self.counter[text] += count
        if len(self.counter) > MOST_NUMBERS + len(self._marks):
            self.counter = None
