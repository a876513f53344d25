"""A quick look at all cells of a column, block by block, for as long as they are numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bigmodel_cli.sources.tables import numbers
from bigmodel_cli.sources.tables.cells import Cells, Use
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


@dataclass(frozen=True)
class Glance:
    """What one block of numbers has.

    Attributes:
        notation: How they are written; None: there are none.
        rows: How many cells there are.
        there: The numbers (float64).
        marks: How many of the other cells have which text.
        is_whole: Whether all are whole.
        has_padded: Whether any begins with a zero that says nothing.
        are_days: Whether they can be days of eight digits.
        counts: The different texts; None where they are many.
        kept: All cells as float32, NaN where there is none; None: they are not kept.
        written: All cells as they are written; None: likewise.
    """

    notation: Notation | None
    rows: int
    there: np.ndarray
    marks: Mapping[str, int]
    is_whole: bool
    has_padded: bool
    are_days: bool
    counts: Mapping[str, int] | None
    kept: np.ndarray | None
    written: Texts | None


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
        self._has_number_marks = any(map(numbers.is_number, marks))
        self._notation: Notation | None = None
        self._seen = Numbers()
        self._unique = Uniqueness()
        self._has_padded = False

    def glance(self, cells: Cells) -> Glance | None:
        """What a block has, in any thread; None where some cell is no number.

        What need not be known any more is left out; some of the blocks before it may not have been taken yet.
        """
        import numpy as np

        values, notation = self._values(cells)
        if values is None:
            return None
        is_there = ~np.isnan(values)
        has_all = bool(is_there.all())
        there = values if has_all else values[is_there]
        seen = self._seen
        is_whole = seen.is_whole and bool((there == np.floor(there)).all())
        asks_padded = is_whole and not self._takes_padded and not self._has_padded
        asks_written = self.keeps and is_whole and self._unique.is_possible and not self._takes_padded
        with np.errstate(over="ignore"):
            kept = values.astype(np.float32) if self.keeps else None
        return Glance(
            notation=notation,
            rows=len(values),
            there=there,
            marks={} if has_all else cells.counts_where(~is_there),
            is_whole=is_whole,
            has_padded=asks_padded and cells.any_padded(),
            are_days=seen.are_days and are_days(there),
            counts=None if seen.counter is None else _counts(cells, there),
            kept=kept,
            written=cells.texts() if asks_written else None,
        )

    def take(self, cells: Cells, glance: Glance | None) -> bool:
        """Take a block; False where some cell is no number: nothing is taken then."""
        found = glance
        if self._notation is not None and (found is None or found.notation != self._notation):
            # The notation was found out behind the glance.
            found = self.glance(cells)
        if found is None:
            return False
        seen, there = self._seen, found.there
        self._notation = self._notation or found.notation
        seen.rows += found.rows
        seen.marks.update(found.marks)
        if len(there):
            seen.low = min(seen.low, float(there.min()))
            seen.high = max(seen.high, float(there.max()))
        seen.is_whole = seen.is_whole and found.is_whole
        self._has_padded = self._has_padded or (seen.is_whole and found.has_padded)
        seen.are_days = seen.are_days and found.are_days
        if not seen.is_whole:
            self._unique.give_up()
        self._unique.take(there)
        self._count(found.counts)
        if found.kept is not None:
            self._kept.append(found.kept)
        if found.written is not None and self._unique.is_possible:
            self._written.append(found.written)
        else:
            self._written.clear()
        return True

    @property
    def use(self) -> Use:
        """What the cells of the next blocks are asked for."""
        seen = self._seen
        if seen.counter is not None:
            return "few" if seen.rows else "any"
        is_plain = self._notation == PLAIN and not any(seen.marks)
        return "number" if is_plain and not seen.is_whole and not self._has_number_marks else "any"

    def found(self) -> Numbers:
        """What was seen."""
        is_unique = self._unique.holds() and not self._seen.marks
        return replace(self._seen, is_unique=is_unique, notation=self._notation or PLAIN)

    def kept(self) -> Kept:
        """What was kept of the cells."""
        return Kept(numbers=self._kept, written=self._written)

    @property
    def has_begun(self) -> bool:
        """Whether any block was taken."""
        return self._seen.rows > 0

    @property
    def are_codes(self) -> bool:
        """Whether they are whole numbers of which some begin with zeros: texts, which lose nothing."""
        return self._seen.is_whole and self._has_padded

    def _values(self, cells: Cells) -> tuple[np.ndarray | None, Notation | None]:
        """The numbers (None where some cell is none), and their notation (None where there is none yet)."""
        import numpy as np

        if self._notation is not None:
            return cells.numbers(self._marks, self._notation), self._notation
        sample = [text for text in cells.first(_FIRST) if text and text not in self._marks]
        sign = next(filter(None, map(numbers.sign_of, sample)), None)
        for one in self._notations:
            notation = replace(one, sign=sign or one.sign)
            if any(numbers.parse(text, notation) is None for text in sample):
                continue
            values = cells.numbers(self._marks, notation)
            if values is not None:
                # Where no cell has a number yet, any other notation may fit the next ones.
                return values, None if np.isnan(values).all() else notation
        return None, None

    def _count(self, counts: Mapping[str, int] | None) -> None:
        """Count the different values while they are few."""
        counter = self._seen.counter
        if counter is None:
            return
        counter.update(counts or {})
        if counts is None or len(counter) > MOST_NUMBERS + len(self._marks):
            self._seen.counter = None


def _counts(cells: Cells, values: np.ndarray) -> Mapping[str, int] | None:
    """How many cells have which text; None where there are too many different ones."""
    import numpy as np

    if len(np.unique(values[: 2 * MOST_NUMBERS])) > MOST_NUMBERS:
        return None
    texts, counts = cells.counts()
    return dict(zip(texts, counts.tolist(), strict=True))
