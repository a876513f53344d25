"""An exact look at all cells of a column, text by text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bigmodel_cli.kinds.image.files.names import is_image_name
from bigmodel_cli.sources.tables import dates, numbers
from bigmodel_cli.sources.tables.cells import Cells
from bigmodel_cli.sources.tables.columns import Kept, Texts
from bigmodel_cli.sources.tables.numbers import Notation
from bigmodel_cli.sources.tables.uniqueness import Uniqueness

if TYPE_CHECKING:
    import numpy as np

# So many different texts of a column are counted, and so many letters of them.
MOST_TEXTS = 100_000
_MOST_LETTERS = 10_000_000
_ZEROS = str.maketrans("123456789", "000000000")


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
        keep: Whether cells are kept: by the place of each one's text among the different ones, while these
            are few, and as they are written, while more than half of a block's are different.
    """

    def __init__(
        self,
        notations: Sequence[Notation],
        marks: frozenset[str],
        number_marks: frozenset[str],
        *,
        keep: bool = False,
    ) -> None:
        self.keeps = keep
        self._places: list[np.ndarray] = []
        self._written: list[Texts] = []
        self._keeps_written = keep
        self._marks = marks | number_marks
        self._number_marks = number_marks
        self.rows = 0
        self.marks: Counter[str] = Counter()
        self.counter: Counter[str] | None = Counter()
        # By text: its place among the different ones, and the first row that has it.
        self._seen: dict[str, tuple[int, int]] = {}
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
        self._keep_written(cells, len(texts))
        if self.unique.is_possible:
            self.unique.take(np.fromiter(map(hash, texts), np.int64, len(texts)))
        if self.counter is None:
            self._look_at(texts, counts, rows)
            return
        self._count(texts, counts, rows)
        if self.keeps and self.counter is not None:
            self._places.append(np.array([self._seen[text][0] for text in texts], np.int32)[places])

    def _keep_written(self, cells: Cells, distinct: int) -> None:
        self._keeps_written = self._keeps_written and 2 * distinct > len(cells)
        if self._keeps_written:
            self._written.append(cells.texts())
        else:
            self._written.clear()

    def kept(self) -> Kept:
        """What was kept of the cells."""
        return Kept(written=self._written, places=self._places, texts=list(self.counter or ()))

    def _count(self, texts: Sequence[str], counts: Sequence[int], rows: Sequence[int]) -> None:
        """Only count while the different texts are few: each of them is looked at once, in the end."""
        assert self.counter is not None
        for text, count, row in zip(texts, counts, rows, strict=True):
            if text in self.counter:
                self.counter[text] += count
            else:
                self.counter[text] = count
                self._seen[text] = (len(self._seen), row)
                self._letters_kept += len(text)
        if len(self.counter) > MOST_TEXTS or self._letters_kept > _MOST_LETTERS:
            self.end()
            self.counter = None
            self._places.clear()
            self._seen.clear()

    def end(self) -> None:
        """Look at what was only counted."""
        if self.counter is not None:
            self._look_at(self.counter, self.counter.values(), [row for _, row in self._seen.values()])

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
        moments = dates.moments_of(text)
        if not moments:
            self._no_date.misses(count, row, text)
            return
        for name, fit in self._formats.items():
            if name in moments:
                fit.takes(moments[name])
            else:
                fit.misses(count, row, text)

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
