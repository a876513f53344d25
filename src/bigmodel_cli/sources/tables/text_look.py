"""An exact look at all cells of a column, text by text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bigmodel_cli.kinds.image.files.names import is_image_name
from bigmodel_cli.sources.tables import dates, numbers
from bigmodel_cli.sources.tables.cells import Cells, Use
from bigmodel_cli.sources.tables.columns import Kept, Texts
from bigmodel_cli.sources.tables.fits import Different, Fit
from bigmodel_cli.sources.tables.numbers import Notation
from bigmodel_cli.sources.tables.shapes import grouped
from bigmodel_cli.sources.tables.uniqueness import Uniqueness

if TYPE_CHECKING:
    import numpy as np

# So many different texts of a column are counted, also where a person says that they are names of something,
# and so many letters of each on average.
MOST_TEXTS, MOST_NAMES = 100_000, 2_000_000
_MOST_LETTERS = 100
# The exponents of some may be too large for any number.
_LONG_EXPONENT = re.compile(r"[eE][-+]?0{3}")


@dataclass(frozen=True)
class Glance:
    """What one block of texts has.

    Attributes:
        found: The different ones.
        places: The place of each cell's text among them (int32).
        written: All cells as they are written; None: they are not kept.
    """

    found: Different
    places: np.ndarray
    written: Texts | None


class TextLook:
    """A column text by text.

    Attributes:
        counter: How many cells have which text, when all were looked at; None: there are too many.

    Args:
        notations: Those that there may be, the likelier ones first.
        marks: The texts that may mean "missing".
        number_marks: Those that mean so among numbers and dates.
        keep: Whether cells are kept: by the place of each one's text among the different ones, while these
            are few, and as they are written, while more than half of a block's are different.
        are_names: Whether a person says that they are names of something, of which there may be many.
    """

    def __init__(
        self,
        notations: Sequence[Notation],
        marks: frozenset[str],
        number_marks: frozenset[str],
        *,
        keep: bool = False,
        are_names: bool = False,
    ) -> None:
        import numpy as np

        self.keeps, self.most = keep, MOST_NAMES if are_names else MOST_TEXTS
        self._places: list[np.ndarray] = []
        self._written: list[Texts] = []
        self._keeps_written = keep
        self._marks = marks | number_marks
        self._number_marks = number_marks
        self.rows = 0
        self.marks: Counter[str] = Counter()
        self.counter: Counter[str] | None = Counter()
        # By text: its place among the different ones.
        self._seen: dict[str, int] = {}
        # Of each of them: how many cells have it, and the first row that does.
        self._counts, self._first_rows = np.zeros((2, 0), np.int64)
        self._letters_kept = 0
        self.unique = Uniqueness()
        self._notations = {notation: Fit() for notation in notations}
        self._formats = {name: Fit() for name in dates.FORMATS}
        # Most texts fit none: these are counted once for all.
        self._no_number, self._no_date = Fit(), Fit()
        # The numbers by what stands before or behind them, "" where nothing does: misfits of all other signs.
        self._signs: dict[str, Fit] = {}
        self.has_padded = False
        self.letters = self.words = self.with_spaces = self.images = 0

    def glance(self, cells: Cells) -> Glance:
        """The different texts of a block, in any thread."""
        import numpy as np

        texts, places = cells.encoded()
        # Written backwards, the first row of each text is the last to be written.
        first = np.zeros(len(texts), np.int64)
        first[places[::-1]] = np.arange(len(places) - 1, -1, -1)
        found = Different(texts, np.bincount(places, minlength=len(texts)), first)
        keeps_written = self._keeps_written and 2 * len(texts) > len(places)
        return Glance(found, places, cells.texts() if keeps_written else None)

    def take(self, glance: Glance) -> None:
        """Take a block."""
        import numpy as np

        texts, places = glance.found.texts, glance.places
        found = replace(glance.found, rows=glance.found.rows + self.rows)
        self.rows += len(places)
        if len(texts) < len(places):
            self.unique.give_up()
        self._keep_written(glance.written)
        if self.unique.is_possible:
            self.unique.take(np.fromiter(map(hash, texts), np.int64, len(texts)))
        if self.counter is None:
            self._look_at(found)
            return
        among_all = self._count(found)
        if self.keeps and self.counter is not None:
            self._places.append(among_all.take(places))

    @property
    def use(self) -> Use:
        """What the cells of the next blocks are asked for."""
        return "any" if self.counter is None else "few"

    def _keep_written(self, written: Texts | None) -> None:
        self._keeps_written = self._keeps_written and written is not None
        if self._keeps_written and written is not None:
            self._written.append(written)
        else:
            self._written.clear()

    def kept(self) -> Kept:
        """What was kept of the cells."""
        return Kept(written=self._written, places=self._places, texts=list(self._seen))

    def _count(self, found: Different) -> np.ndarray:
        """Only count while the different texts are few: each of them is looked at once, in the end.

        Returns:
            The places of some texts among all different ones (int32).
        """
        import numpy as np

        seen, known = self._seen, len(self._seen)
        places = np.array([seen.setdefault(text, len(seen)) for text in found.texts], np.int32)
        new = found.of((places >= known).nonzero()[0])
        self._letters_kept += sum(map(len, new.texts))
        self._first_rows = np.concatenate([self._first_rows, new.rows])
        self._counts = np.concatenate([self._counts, np.zeros(len(new.texts), np.int64)])
        self._counts[places] += found.counts
        if len(seen) > self.most or self._letters_kept > _MOST_LETTERS * self.most:
            self.end()
            self.counter = None
            self._places.clear()
            self._seen.clear()
        return places

    def end(self) -> None:
        """Look at what was only counted."""
        if self.counter is not None:
            self._look_at(Different([*self._seen], self._counts, self._first_rows))
            self.counter = Counter(dict(zip(self._seen, self._counts.tolist(), strict=True)))

    def _look_at(self, found: Different) -> None:
        import numpy as np

        self._measure(found)
        marks = {text: place for place, text in enumerate(found.texts) if not text or text in self._marks}
        for mark, place in marks.items():
            self.marks[mark] += int(found.counts[place])
        is_value = np.ones(len(found.texts), bool)
        is_value[[place for mark, place in marks.items() if not mark or mark in self._number_marks]] = False
        self._look_at_values(found.of(is_value.nonzero()[0]) if marks else found)

    def _look_at_values(self, found: Different) -> None:
        """Which of some texts, none of which means "missing", are numbers, and which are dates."""
        import numpy as np

        is_number, is_date = np.zeros((2, len(found.texts)), bool)
        for shape, places in grouped(found.texts).items():
            if numbers.may_be_number(shape):
                is_number[places] = True
                self._look_at_numbers(shape, found.of(places))
            if formats := dates.formats_of(shape):
                is_date[places] = self._look_at_dates(shape, formats, found.of(places))
        found.of((~is_number).nonzero()[0]).are_misfits_of(self._no_number)
        found.of((~is_date).nonzero()[0]).are_misfits_of(self._no_date)

    def _look_at_numbers(self, shape: str, found: Different) -> None:
        """Which notations texts of one shape fit."""
        if _LONG_EXPONENT.search(shape):
            for place, text in enumerate(found.texts):
                self._fit_number(text, found.of([place]))
        else:
            self._fit_number(shape, found)
        if not self.has_padded:
            self.has_padded = numbers.is_padded(shape) and any(map(numbers.is_padded, found.texts))

    def _fit_number(self, text: str, found: Different) -> None:
        sign = numbers.sign_of(text)
        fitting = [one for one in self._notations if numbers.parse(text, replace(one, sign=sign)) is not None]
        if not fitting:
            found.are_misfits_of(self._no_number)
            return
        found.are_misfits_of(self._signs.setdefault(sign or "", Fit()))
        for notation, fit in self._notations.items():
            if notation not in fitting:
                found.are_misfits_of(fit)

    def _look_at_dates(self, shape: str, formats: Sequence[str], found: Different) -> np.ndarray:
        """Which formats texts of one shape fit; whether each of them is a date in any."""
        moments = {name: dates.moments_of_shape(shape, found.texts, name) for name in formats}
        fits = {name: those != dates.WRONG for name, those in moments.items()}
        is_date: np.ndarray = sum(fits.values()) > 0
        for name, fit in self._formats.items():
            if name in fits:
                fit.takes(moments[name][fits[name]])
            found.of((is_date & ~fits.get(name, ~is_date)).nonzero()[0]).are_misfits_of(fit)
        return is_date

    def _measure(self, found: Different) -> None:
        import numpy as np

        letters = np.array([*map(len, found.texts)], np.int64)
        spaces = np.array([text.count(" ") for text in found.texts], np.int64)
        self.letters += int(letters @ found.counts)
        self.words += int((spaces + 1)[letters > 0] @ found.counts[letters > 0])
        self.with_spaces += int(found.counts[spaces > 0].sum())
        images = [
            place
            for place, text in enumerate(found.texts)
            if "." in text and " " not in text and is_image_name(text)
        ]
        self.images += int(found.counts[images].sum())

    def missing(self, marks: frozenset[str]) -> dict[str, int]:
        """How many cells have which of the texts that mean "missing"."""
        return {mark: count for mark, count in self.marks.items() if not mark or mark in marks}

    def numbers_fit(self) -> tuple[Notation, Fit]:
        """The notation that most cells fit, the first of those that are alike, and how they do."""
        notation, fit = min(self._notations.items(), key=lambda item: item[1].misfits)
        # Some numbers may have no sign, and all others have one and the same.
        sign = max(
            (sign for sign in self._signs if sign), key=lambda sign: self._signs[sign].misfits, default=""
        )
        others = [other for name, other in self._signs.items() if name not in ("", sign)]
        return replace(notation, sign=sign or notation.sign), fit.with_(self._no_number, *others)

    def dates_fit(self) -> tuple[Sequence[str], Fit]:
        """The formats of dates that most cells fit, and how they do."""
        fewest = min(fit.misfits for fit in self._formats.values())
        names = [name for name, fit in self._formats.items() if fit.misfits == fewest]
        return names, self._formats[names[0]].with_(self._no_date)
