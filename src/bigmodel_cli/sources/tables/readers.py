"""Cells of one column as arrays: a reader for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables import dates
from bigmodel_cli.sources.tables.cells import Cells, Use
from bigmodel_cli.sources.tables.columns import Categories, Dates, Lists, Numbers, Texts, Values
from bigmodel_cli.sources.tables.facts import ColumnFacts, ColumnKind
from bigmodel_cli.sources.tables.lists import items_of
from bigmodel_cli.sources.tables.missing import marks_for
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.numbers import parse
from bigmodel_cli.sources.tables.table import Block, Table

if TYPE_CHECKING:
    import numpy as np

_NOT_A_TIME = -(1 << 63)


def use_of(facts: ColumnFacts) -> Use:
    """What the cells of a column are asked for."""
    if facts.kind == "array":
        return "vector"
    # Dates as far as they are few are seldom all different; texts are.
    return "few" if facts.kind in ("category", "date", "constant") else "any"


class Reader:
    """Makes arrays of one column's cells."""

    def __init__(self, table: Table, facts: ColumnFacts) -> None:
        self._facts = facts
        self._marks = marks_for(facts.kind, table.format)

    def values(self, block: Block, cells: Cells) -> Values:
        raise NotImplementedError

    def with_wrong(self, block: Block, cells: Cells) -> tuple[Values, Mapping[int, str]]:
        """Values, of which those are missing whose cells are not of the column's kind.

        Returns:
            The values, and what is written in the cells that are not, by their rows.
        """
        try:
            return self.values(block, cells), {}
        except DataError:
            return self._without_wrong(cells)

    def _without_wrong(self, cells: Cells) -> tuple[Values, Mapping[int, str]]:
        import numpy as np

        texts, places = cells.encoded()
        first = np.zeros(1, np.int32)
        is_right = np.array([self.of_texts([text], first) is not None for text in texts], np.bool_)
        kept = [text if right else "" for text, right in zip(texts, is_right.tolist(), strict=True)]
        values = self.of_texts(kept, places)
        assert values is not None
        return values, {row: texts[places[row]] for row in np.flatnonzero(~is_right[places]).tolist()}

    def of_texts(self, texts: Sequence[str], places: np.ndarray) -> Values | None:
        """The column of which each cell has one of some texts; None where it has to be read from the file."""
        return None

    def _refused(self, block: Block, cells: Cells, is_right: Callable[[str], bool]) -> DataError:
        """The error for the first cell that is not right."""
        row = int((~cells.mapped(is_right, bool)).argmax())
        texts, places = cells.encoded()
        return DataError(
            f"{block.place_of(row)}, {shown(self._facts.name)}: expected a {self._facts.kind}, "
            f"found {cut(texts[places[row]], 60)!r}",
            hint="correct it, or leave the row out",
        )

    def _is_missing(self, text: str) -> bool:
        return not text or text in self._marks


class NumberReader(Reader):
    def values(self, block: Block, cells: Cells) -> Numbers:
        import numpy as np

        found = cells.numbers(self._marks, self._facts.notation)
        if found is None:
            notation = self._facts.notation
            raise self._refused(
                block, cells, lambda text: self._is_missing(text) or parse(text, notation) is not None
            )
        with np.errstate(over="ignore"):
            values = found.astype(np.float32)
        if np.isinf(values).any():
            raise self._refused(block, cells, self._is_float32)
        return Numbers(found if self._facts.is_exact else values)

    def of_texts(self, texts: Sequence[str], places: np.ndarray) -> Values | None:
        import numpy as np

        nan = float("nan")
        found = [nan if self._is_missing(text) else parse(text, self._facts.notation) for text in texts]
        if any(value is None or not self._is_float32(text) for value, text in zip(found, texts, strict=True)):
            return None
        return Numbers(np.array(found, np.float64 if self._facts.is_exact else np.float32).take(places))

    def _is_float32(self, text: str) -> bool:
        value = parse(text, self._facts.notation)
        return value is None or abs(value) <= 3.4028235e38


class _CategoryReader(Reader):
    def __init__(self, table: Table, facts: ColumnFacts) -> None:
        super().__init__(table, facts)
        self._names = [text for text, _ in facts.categories]
        self._code_of = {name: code for code, name in enumerate(self._names)}

    def values(self, block: Block, cells: Cells) -> Values:
        import numpy as np

        return Categories(cells.mapped(self._code, np.int32), self._names)

    def of_texts(self, texts: Sequence[str], places: np.ndarray) -> Values | None:
        import numpy as np

        codes = np.array([self._code(text) for text in texts], np.int32).take(places)
        return Categories(codes, tuple(self._names))

    def _code(self, text: str) -> int:
        if self._is_missing(text):
            return -1
        code = self._code_of.setdefault(text, len(self._names))
        if code == len(self._names):
            self._names.append(text)
        return code


class _ListReader(_CategoryReader):
    def values(self, block: Block, cells: Cells) -> Lists:
        import numpy as np

        texts, places = cells.encoded()
        items = [[self._code(item) for item in items_of(text)] for text in texts]
        lengths = np.array([*map(len, items)], np.int64)
        codes = np.array([code for some in items for code in some], np.int32)
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths[places])])
        # Each row's items stand where those of its text do.
        shift = (np.cumsum(lengths) - lengths)[places] - offsets[:-1]
        taken = np.arange(offsets[-1]) + np.repeat(shift, lengths[places])
        missing = np.array([not text for text in texts], bool)[places]
        return Lists(codes[taken], offsets, missing, self._names)

    def of_texts(self, texts: Sequence[str], places: np.ndarray) -> None:
        return None


class TextReader(Reader):
    def values(self, block: Block, cells: Cells) -> Texts:
        return cells.texts()


class _DateReader(Reader):
    def values(self, block: Block, cells: Cells) -> Dates:
        scale = dates.MICROSECONDS.get(self._facts.date_format or "")
        if scale is not None and (found := cells.numbers(self._marks, self._facts.notation)) is not None:
            return Dates(_moments(found, scale))
        texts, places = cells.encoded()
        values = self._parsed(texts)
        if (values == dates.WRONG).any():
            wrong = {text for text, value in zip(texts, values.tolist(), strict=True) if value == dates.WRONG}
            raise self._refused(block, cells, lambda text: text not in wrong)
        return Dates(values.take(places).view("datetime64[us]"))

    def of_texts(self, texts: Sequence[str], places: np.ndarray) -> Values | None:
        values = self._parsed(texts)
        return None if (values == dates.WRONG).any() else Dates(values.take(places).view("datetime64[us]"))

    def _parsed(self, texts: Sequence[str]) -> np.ndarray:
        import numpy as np

        values = np.full(len(texts), _NOT_A_TIME, np.int64)
        there = [place for place, text in enumerate(texts) if not self._is_missing(text)]
        form = self._facts.date_format or dates.FORMATS[0]
        values[there] = dates.parsed([texts[place] for place in there], form)
        return values


def _moments(numbers: np.ndarray, scale: int) -> np.ndarray:
    import numpy as np

    is_there = ~np.isnan(numbers)
    values = np.full(len(numbers), _NOT_A_TIME, np.int64)
    values[is_there] = (numbers[is_there] * scale).astype(np.int64)
    return values.view("datetime64[us]")


_READERS: Mapping[ColumnKind, type[Reader]] = {
    "number": NumberReader,
    "category": _CategoryReader,
    "constant": _CategoryReader,
    "date": _DateReader,
    "list": _ListReader,
    "text": TextReader,
    "image": TextReader,
    "id": TextReader,
}


def reader_of(table: Table, facts: ColumnFacts) -> Reader:
    if facts.kind == "array":
        from bigmodel_cli.sources.tables.vectors import VectorReader

        return VectorReader(table, facts)
    return _READERS[facts.kind](table, facts)
