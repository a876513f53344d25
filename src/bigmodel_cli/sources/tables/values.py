"""The second pass over a table: its columns as NumPy arrays, whole or in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables import dates
from bigmodel_cli.sources.tables.cells import Cells, Use
from bigmodel_cli.sources.tables.columns import Categories, Dates, Numbers, Texts, Values, joined
from bigmodel_cli.sources.tables.facts import ColumnFacts, ColumnKind, Kept
from bigmodel_cli.sources.tables.missing import marks_for
from bigmodel_cli.sources.tables.names import no_column, shown
from bigmodel_cli.sources.tables.numbers import PLAIN, parse
from bigmodel_cli.sources.tables.table import Block, Table

if TYPE_CHECKING:
    import numpy as np

_NOT_A_TIME = -(1 << 63)
_MOST_KNOWN = 100_000
_MICROSECONDS = {dates.SECONDS: 1_000_000, dates.MILLISECONDS: 1000}


def read(
    table: Table,
    columns: Mapping[str, ColumnFacts],
    kept: Mapping[str, Kept] | None = None,
    *,
    progress: Callable[[int], None] = lambda _rows: None,
) -> dict[str, Values]:
    """Columns of a table, whole.

    Args:
        table: An open table: the one that was surveyed, or another one with the same columns.
        columns: Those that are read, each as its kind and notation say.
        kept: What the survey of this table has kept; only the other columns are read from its files.
        progress: Called with the number of rows that were read.

    Raises:
        DataError: If a column is not there, a row is wrong, or a cell is not of the column's kind; names
            file, line and column.
    """
    found = {
        name: _from_kept(_reader(table, columns[name]), one)
        for name, one in (kept or {}).items()
        if name in columns
    }
    done = {name: values for name, values in found.items() if values is not None}
    wanted = {name: facts for name, facts in columns.items() if name not in done}
    parts: dict[str, list[Values]] = {name: [] for name in wanted}
    rows = 0
    for block in read_blocks(table, wanted) if wanted else ():
        for name, values in block.items():
            parts[name].append(values)
        rows += len(next(iter(block.values())))
        progress(rows)
    # Each column's parts are let go before the next one is put together.
    return {
        name: done.pop(name) if name in done else joined(facts.kind, parts.pop(name))
        for name, facts in columns.items()
    }


def _from_kept(reader: _Reader, kept: Kept) -> Values | None:
    """A column of what was kept; None where that does not have what it takes."""
    import numpy as np

    if not kept.parts:
        return None
    places = np.concatenate(kept.parts)
    if kept.texts is None:
        # A number that is too large is refused with its line where it is read.
        is_right = isinstance(reader, _NumberReader) and not np.isinf(places).any()
        return Numbers(places) if is_right else None
    return reader.of_texts(kept.texts, places)


def read_blocks(table: Table, columns: Mapping[str, ColumnFacts]) -> Iterator[dict[str, Values]]:
    """The same in blocks of some ten thousand rows, for what is larger than memory.

    The codes of a category mean the same in all blocks.
    """
    for name in columns:
        if name not in table.names:
            raise no_column(table.files[0].path, table.names, name)
    readers = {name: _reader(table, facts) for name, facts in columns.items()}
    uses = {name: _use(facts) for name, facts in columns.items()}
    for block in table.blocks(uses, marks_for("number", table.format)):
        yield {
            name: reader.values(block, cells)
            for (name, reader), cells in zip(readers.items(), block.cells, strict=True)
        }


def _use(facts: ColumnFacts) -> Use:
    """What the cells of a column are asked for."""
    if facts.kind == "number" or facts.date_format in _MICROSECONDS:
        return "number" if facts.notation == PLAIN else "any"
    # Dates as far as they are few are seldom all different; texts are.
    return "few" if facts.kind in ("category", "date", "constant") else "any"


class _Reader:
    """Makes arrays of one column's cells."""

    def __init__(self, table: Table, facts: ColumnFacts) -> None:
        self._facts = facts
        self._marks = marks_for(facts.kind, table.format)

    def values(self, block: Block, cells: Cells) -> Values:
        raise NotImplementedError

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


class _NumberReader(_Reader):
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
        return Numbers(values)

    def of_texts(self, texts: Sequence[str], places: np.ndarray) -> Values | None:
        import numpy as np

        nan = float("nan")
        found = [nan if self._is_missing(text) else parse(text, self._facts.notation) for text in texts]
        if any(value is None or not self._is_float32(text) for value, text in zip(found, texts, strict=True)):
            return None
        return Numbers(np.array(found, np.float32)[places])

    def _is_float32(self, text: str) -> bool:
        value = parse(text, self._facts.notation)
        return value is None or abs(value) <= 3.4028235e38


class _CategoryReader(_Reader):
    def __init__(self, table: Table, facts: ColumnFacts) -> None:
        super().__init__(table, facts)
        self._names = [text for text, _ in facts.categories]
        self._code_of = {name: code for code, name in enumerate(self._names)}

    def values(self, block: Block, cells: Cells) -> Categories:
        import numpy as np

        return Categories(cells.mapped(self._code, np.int32), self._names)

    def of_texts(self, texts: Sequence[str], places: np.ndarray) -> Values | None:
        import numpy as np

        codes = np.array([self._code(text) for text in texts], np.int32)[places]
        return Categories(codes, tuple(self._names))

    def _code(self, text: str) -> int:
        if self._is_missing(text):
            return -1
        code = self._code_of.setdefault(text, len(self._names))
        if code == len(self._names):
            self._names.append(text)
        return code


class _TextReader(_Reader):
    def values(self, block: Block, cells: Cells) -> Texts:
        import numpy as np

        data, ends = cells.texts()
        return Texts(data, np.concatenate([np.zeros(1, np.int64), ends]))


class _DateReader(_Reader):
    def __init__(self, table: Table, facts: ColumnFacts) -> None:
        super().__init__(table, facts)
        self._known: dict[str, int] = {}

    def values(self, block: Block, cells: Cells) -> Dates:
        import numpy as np

        scale = _MICROSECONDS.get(self._facts.date_format or "")
        if scale is not None and (found := cells.numbers(self._marks, self._facts.notation)) is not None:
            return Dates(_moments(found, scale))
        values = cells.mapped(self._moment, np.int64)
        if (values == _WRONG).any():
            raise self._refused(block, cells, lambda text: self._moment(text) != _WRONG)
        return Dates(values.view("datetime64[us]"))

    def of_texts(self, texts: Sequence[str], places: np.ndarray) -> Values | None:
        import numpy as np

        values = np.array([self._looked_up(text) for text in texts], np.int64)
        return None if (values == _WRONG).any() else Dates(values[places].view("datetime64[us]"))

    def _moment(self, text: str) -> int:
        """The moment that a text writes; the same days come in every block."""
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        moment = self._known.get(text)
        if moment is None:
            moment = self._known[text] = self._looked_up(text)
        return moment

    def _looked_up(self, text: str) -> int:
        if self._is_missing(text):
            return _NOT_A_TIME
        form = self._facts.date_format or dates.FORMATS[0]
        moment = dates.from_digits(text) if form == dates.DIGITS else _parsed(text, form)
        return _WRONG if moment is None else moment


# No moment that a text can write is so far away.
_WRONG = 1 << 62


def _parsed(text: str, form: str) -> int | None:
    return dates.parse(text, form) if form in dates.FORMATS else None


def _moments(numbers: np.ndarray, scale: int) -> np.ndarray:
    import numpy as np

    is_there = ~np.isnan(numbers)
    values = np.full(len(numbers), _NOT_A_TIME, np.int64)
    values[is_there] = (numbers[is_there] * scale).astype(np.int64)
    return values.view("datetime64[us]")


_READERS: Mapping[ColumnKind, type[_Reader]] = {
    "number": _NumberReader,
    "category": _CategoryReader,
    "constant": _CategoryReader,
    "date": _DateReader,
    "text": _TextReader,
    "image": _TextReader,
    "id": _TextReader,
}


def _reader(table: Table, facts: ColumnFacts) -> _Reader:
    return _READERS[facts.kind](table, facts)
