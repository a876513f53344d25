"""Looking at all cells of a column, block by block: quickly while they are numbers, else text by text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bigmodel_cli.sources.image_names import is_image_name
from bigmodel_cli.sources.tables import dates, numbers
from bigmodel_cli.sources.tables.cells import Cells
from bigmodel_cli.sources.tables.numbers import Notation

if TYPE_CHECKING:
    import numpy as np

# So many different values of a column are counted, of words and of numbers.
MOST_TEXTS = 100_000
MOST_NUMBERS = 1000
_MOST_LETTERS = 10_000_000
_SAMPLE = 1000
# So many cells tell that a column is none of numbers, as a rule.
_FIRST = 100
_ZEROS = str.maketrans("123456789", "000000000")


@dataclass
class Uniqueness:
    """Whether each row has a value of its own; values are kept as 8 bytes each as long as it seems so."""

    is_possible: bool = True
    _is_rising: bool = True
    _kept: list[np.ndarray] = field(default_factory=list)

    def take(self, values: np.ndarray) -> None:
        """Take the values of one block, numbers or hashes."""
        import numpy as np

        if self.is_possible and len(np.unique(values[:_SAMPLE])) < len(values[:_SAMPLE]):
            self.give_up()
        if not self.is_possible or not len(values):
            return
        last = self._kept[-1][-1] if self._kept else values[0] - 1
        self._is_rising = self._is_rising and bool(values[0] > last and (values[1:] > values[:-1]).all())
        self._kept.append(values.copy())

    def give_up(self) -> None:
        """It is known that some value is there twice."""
        self.is_possible = False
        self._kept.clear()

    def holds(self) -> bool:
        """Whether no value was there twice."""
        import numpy as np

        if not self.is_possible or not self._kept:
            return False
        if self._is_rising:
            return True
        values = np.concatenate(self._kept)
        values.sort()
        return bool((values[1:] != values[:-1]).all())


def are_days(values: np.ndarray) -> bool:
    """Whether numbers can be days of eight digits, `20240229`, from 1900 to 2100."""
    months, days = values // 100 % 100, values % 100
    is_day = (values >= 19000101) & (values <= 21001231) & (months >= 1) & (months <= 12)
    return bool((is_day & (days >= 1) & (days <= 31) & (days % 1 == 0)).all())


class NumberLook:
    """A column as long as all of its cells are numbers in one notation, or marks of missing ones.

    Args:
        notations: Those that there may be, the likelier ones first.
        marks: The texts that mean "missing".
        takes_padded: Whether numbers may begin with zeros, as codes do.
    """

    def __init__(
        self, notations: Sequence[Notation], marks: frozenset[str], *, takes_padded: bool = False
    ) -> None:
        self._takes_padded = takes_padded
        self._notations = notations
        self._marks = marks
        self.notation: Notation | None = None
        self.rows = 0
        self.marks: Counter[str] = Counter()
        self.low, self.high = float("inf"), float("-inf")
        self.is_whole = True
        self.are_days = True
        self.unique = Uniqueness()
        self.counter: Counter[str] | None = Counter()

    def take(self, cells: Cells) -> bool:
        """Look at a block; False where some cell is no number, or a code: nothing is taken then."""
        import numpy as np

        values = self._values(cells)
        if values is None:
            return False
        is_there = ~np.isnan(values)
        there = values if is_there.all() else values[is_there]
        is_whole = bool((there == np.floor(there)).all())
        if is_whole and not self._takes_padded and cells.any_padded():
            return False
        self.rows += len(values)
        if len(there) < len(values):
            self.marks.update(cells.counts_of(self._marks))
        if len(there):
            self.low = min(self.low, float(there.min()))
            self.high = max(self.high, float(there.max()))
        self.is_whole &= is_whole
        self.are_days = self.are_days and are_days(there)
        if not self.is_whole:
            self.unique.give_up()
        self.unique.take(there)
        self._count(cells, there)
        return True

    def _values(self, cells: Cells) -> np.ndarray | None:
        if self.notation is not None:
            return cells.numbers(self._marks, self.notation)
        sample = [text for text in cells.first(_FIRST) if text and text not in self._marks]
        for notation in self._notations:
            if any(numbers.parse(text, notation) is None for text in sample):
                continue
            values = cells.numbers(self._marks, notation)
            if values is not None:
                # Where no cell has a number yet, any other notation may fit the next ones.
                self.notation = notation if sample else None
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

    def takes(self, moment: int) -> None:
        """A cell does."""
        self.low, self.high = min(self.low, moment), max(self.high, moment)

    def with_(self, other: Fit) -> Fit:
        """This one, with misfits that another one has counted for several."""
        both = replace(self)
        if other.row is not None:
            both.misses(other.misfits, other.row, other.text)
        return both


class TextLook:
    """A column text by text.

    Args:
        notations: Those that there may be, the likelier ones first.
        marks: The texts that may mean "missing".
        number_marks: Those that mean so among numbers and dates.
    """

    def __init__(
        self, notations: Sequence[Notation], marks: frozenset[str], number_marks: frozenset[str]
    ) -> None:
        self._marks = marks | number_marks
        self._number_marks = number_marks
        self.rows = 0
        self.marks: Counter[str] = Counter()
        self.counter: Counter[str] | None = Counter()
        self._first_row: dict[str, int] = {}
        self._letters_kept = 0
        self.unique = Uniqueness()
        self._notations = {notation: Fit() for notation in notations}
        self._formats = {name: Fit() for name in dates.FORMATS}
        # Most texts fit none: these are counted once for all.
        self._no_number, self._no_date = Fit(), Fit()
        self._fitting: dict[str, frozenset[Notation]] = {}
        self.has_padded = False
        self.letters = self.words = self.with_spaces = self.images = 0

    def take(self, cells: Cells) -> None:
        """Look at a block."""
        import numpy as np

        texts, places = cells.encoded()
        counts = np.bincount(places, minlength=len(texts)).tolist()
        # Written backwards, the first row of each text is the last to be written.
        first = np.zeros(len(texts), np.int64)
        first[places[::-1]] = np.arange(len(places) - 1, -1, -1)
        rows = (first + self.rows).tolist()
        self.rows += len(places)
        if len(texts) < len(places):
            self.unique.give_up()
        if self.unique.is_possible:
            self.unique.take(np.fromiter(map(hash, texts), np.int64, len(texts)))
        if self.counter is None:
            self._look_at(texts, counts, rows)
        else:
            self._count(texts, counts, rows)

    def _count(self, texts: Sequence[str], counts: Sequence[int], rows: Sequence[int]) -> None:
        """Only count while the different texts are few: each of them is looked at once, in the end."""
        assert self.counter is not None
        for text, count, row in zip(texts, counts, rows, strict=True):
            if text in self.counter:
                self.counter[text] += count
            else:
                self.counter[text] = count
                self._first_row[text] = row
                self._letters_kept += len(text)
        if len(self.counter) > MOST_TEXTS or self._letters_kept > _MOST_LETTERS:
            self.end()
            self.counter = None
            self._first_row.clear()

    def end(self) -> None:
        """Look at what was only counted."""
        if self.counter is not None:
            self._look_at(self.counter, self.counter.values(), self._first_row.values())

    def _look_at(self, texts: Iterable[str], counts: Iterable[int], rows: Iterable[int]) -> None:
        for text, count, row in zip(texts, counts, rows, strict=True):
            if not text:
                self.marks[""] += count
                continue
            if text in self._marks:
                self.marks[text] += count
            if text not in self._number_marks:
                self._look_at_number(text, count, row)
                self._look_at_date(text, count, row)
            self._measure(text, count)

    def _look_at_number(self, text: str, count: int, row: int) -> None:
        fitting = self._notations_of(text)
        if not fitting:
            self._no_number.misses(count, row, text)
            return
        for notation, fit in self._notations.items():
            if notation not in fitting:
                fit.misses(count, row, text)
        if not self.has_padded:
            self.has_padded = numbers.is_padded(text)

    def _notations_of(self, text: str) -> frozenset[Notation]:
        """The notations that a text fits, which depends on where its digits are, not on which they are."""
        if not numbers.may_be_number(text):
            return frozenset()
        # An exponent may be too large for any number.
        shape = text if "e" in text or "E" in text else text.translate(_ZEROS)
        known = self._fitting.get(shape)
        if known is None:
            known = frozenset(one for one in self._notations if numbers.parse(text, one) is not None)
            if len(self._fitting) < MOST_TEXTS:
                self._fitting[shape] = known
        return known

    def _look_at_date(self, text: str, count: int, row: int) -> None:
        if not dates.may_be_date(text):
            self._no_date.misses(count, row, text)
            return
        for name, fit in self._formats.items():
            # A format that hardly any cell has is not asked for any more.
            if fit.misfits > 100 + self.rows // 10:
                fit.misfits += count
            elif (moment := dates.parse(text, name)) is None:
                fit.misses(count, row, text)
            else:
                fit.takes(moment)

    def _measure(self, text: str, count: int) -> None:
        spaces = text.count(" ")
        self.letters += len(text) * count
        self.words += (spaces + 1) * count
        if spaces:
            self.with_spaces += count
        elif is_image_name(text):
            self.images += count

    def missing(self, marks: frozenset[str]) -> dict[str, int]:
        """How many cells have which of the texts that mean "missing"."""
        return {mark: count for mark, count in self.marks.items() if not mark or mark in marks}

    def numbers_fit(self) -> tuple[Notation, Fit]:
        """The notation that most cells fit, the first of those that are alike."""
        notation, fit = min(self._notations.items(), key=lambda item: item[1].misfits)
        return notation, fit.with_(self._no_number)

    def dates_fit(self) -> tuple[Sequence[str], Fit]:
        """The formats of dates that most cells fit, and how they do."""
        fewest = min(fit.misfits for fit in self._formats.values())
        names = [name for name, fit in self._formats.items() if fit.misfits == fewest]
        return names, self._formats[names[0]].with_(self._no_date)
