"""A quick look at all cells of a column, block by block, for as long as they are numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bigmodel_cli.sources.tables import numbers
from bigmodel_cli.sources.tables.cells import Cells
from bigmodel_cli.sources.tables.columns import Kept, Texts
from bigmodel_cli.sources.tables.numbers import PLAIN, Notation
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


@dataclass
class Numbers:
    """What is known of a column whose cells are all numbers.

    Attributes:
        rows: How many cells there are.
        marks: How many have which text that means "missing".
        low: The smallest number.
        high: The largest one.
        is_whole: Whether all are whole.
        is_unique: Whether each row has one of its own.
        counter: The different texts, where they are few.
        notation: How they are written.
        are_days: Whether they can be days of eight digits.
    """

    rows: int = 0
    marks: Counter[str] = field(default_factory=Counter)
    low: float = float("inf")
    high: float = float("-inf")
    is_whole: bool = True
    is_unique: bool = False
    counter: Counter[str] | None = field(default_factory=Counter)
    notation: Notation = PLAIN
    are_days: bool = True

    @property
    def values(self) -> int:
        return self.rows - self.marks.total()


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
        self._notation: Notation | None = None
        self._seen = Numbers()
        self._unique = Uniqueness()
        self._has_padded = False

    def take(self, cells: Cells) -> bool:
        """Look at a block; False where some cell is no number: nothing is taken then."""
        import numpy as np

        values = self._values(cells)
        if values is None:
            return False
        seen = self._seen
        is_there = ~np.isnan(values)
        there = values if is_there.all() else values[is_there]
        seen.rows += len(values)
        if len(there) < len(values):
            seen.marks.update(cells.counts_where(~is_there))
        if len(there):
            seen.low = min(seen.low, float(there.min()))
            seen.high = max(seen.high, float(there.max()))
        seen.is_whole = seen.is_whole and bool((there == np.floor(there)).all())
        if seen.is_whole and not self._takes_padded and not self._has_padded:
            self._has_padded = cells.any_padded()
        seen.are_days = seen.are_days and are_days(there)
        if not seen.is_whole:
            self._unique.give_up()
        self._unique.take(there)
        self._count(cells, there)
        if self.keeps:
            self._keep(cells, values)
        return True

    def found(self) -> Numbers:
        """What was seen."""
        is_unique = self._unique.holds() and not self._seen.marks
        return replace(self._seen, is_unique=is_unique, notation=self._notation or PLAIN)

    def _keep(self, cells: Cells, values: np.ndarray) -> None:
        import numpy as np

        with np.errstate(over="ignore"):
            self._kept.append(values.astype(np.float32))
        if self._unique.is_possible and not self._takes_padded:
            self._written.append(cells.texts())
        else:
            self._written.clear()

    def kept(self) -> Kept:
        """What was kept of the cells."""
        return Kept(numbers=self._kept, written=self._written)

    @property
    def are_codes(self) -> bool:
        """Whether they are whole numbers of which some begin with zeros: texts, which lose nothing."""
        return self._seen.is_whole and self._has_padded

    def _values(self, cells: Cells) -> np.ndarray | None:
        import numpy as np

        if self._notation is not None:
            return cells.numbers(self._marks, self._notation)
        sample = [text for text in cells.first(_FIRST) if text and text not in self._marks]
        sign = next(filter(None, map(numbers.sign_of, sample)), None)
        for one in self._notations:
            notation = replace(one, sign=sign or one.sign)
            if any(numbers.parse(text, notation) is None for text in sample):
                continue
            values = cells.numbers(self._marks, notation)
            if values is not None:
                # Where no cell has a number yet, any other notation may fit the next ones.
                self._notation = None if np.isnan(values).all() else notation
                return values
        return None

    def _count(self, cells: Cells, values: np.ndarray) -> None:
        """Count the different values while they are few."""
        import numpy as np

        counter = self._seen.counter
        if counter is None:
            return
        if len(np.unique(values[: 2 * MOST_NUMBERS])) > MOST_NUMBERS:
            self._seen.counter = None
            return
        texts, counts = cells.counts()
        counter.update(dict(zip(texts, counts.tolist(), strict=True)))
        if len(counter) > MOST_NUMBERS + len(self._marks):
            self._seen.counter = None
