"""The second pass over a table: its columns as NumPy arrays, whole or in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables import dates
from bigmodel_cli.sources.tables.cells import Cells, Use
from bigmodel_cli.sources.tables.facts import ColumnFacts, ColumnKind
from bigmodel_cli.sources.tables.missing import marks_for
from bigmodel_cli.sources.tables.numbers import PLAIN, parse
from bigmodel_cli.sources.tables.survey import no_column
from bigmodel_cli.sources.tables.table import Block, Table

if TYPE_CHECKING:
    import numpy as np

_NOT_A_TIME = -(1 << 63)
_MOST_KNOWN = 100_000
_MICROSECONDS = {dates.SECONDS: 1_000_000, dates.MILLISECONDS: 1000}


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers.

    Attributes:
        values: float32, NaN where there is none.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class Categories:
    """A column of categories.

    Attributes:
        codes: int32, the place of each row's category among the names; -1 where there is none.
        names: Those that were known beforehand, in their order; then others as they came.
    """

    codes: np.ndarray
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    def strings(self) -> np.ndarray:
        """The category of each row, "" where there is none."""
        import numpy as np

        strings: np.ndarray = np.array([*self.names, ""], object)[self.codes]
        return strings


@dataclass(frozen=True, eq=False)
class Texts:
    """A column of texts, one after the other.

    Attributes:
        data: All of them in UTF-8 (uint8).
        offsets: Where each one begins, and where the last one ends (int64).
    """

    data: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        return bytes(self.data[self.offsets[row] : self.offsets[row + 1]]).decode("utf-8", "replace")


@dataclass(frozen=True, eq=False)
class Dates:
    """A column of days or moments.

    Attributes:
        values: datetime64[us] in UTC, NaT where there is none.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)


Values = Numbers | Categories | Texts | Dates


def read(
    table: Table,
    columns: Mapping[str, ColumnFacts],
    *,
    progress: Callable[[int], None] = lambda _rows: None,
) -> dict[str, Values]:
    """Columns of a table, whole.

    Args:
        table: An open table: the one that was surveyed, or another one with the same columns.
        columns: Those that are read, each as its kind and notation say.
        progress: Called with the number of rows that were read.

    Raises:
        DataError: If a column is not there, a row is wrong, or a cell is not of the column's kind; names file,
            line and column.
    """
    parts: dict[str, list[Values]] = {name: [] for name in columns}
    rows = 0
    for block in read_blocks(table, columns):
        for name, values in block.items():
            parts[name].append(values)
        rows += len(next(iter(block.values()), ()))
        progress(rows)
    # Each column's parts are let go before the next one is put together.
    return {name: _joined(facts.kind, parts.pop(name)) for name, facts in columns.items()}


def read_blocks(table: Table, columns: Mapping[str, ColumnFacts]) -> Iterator[dict[str, Values]]:
    """The same in blocks of some ten thousand rows, for what is larger than memory.

    The codes of a category mean the same in all blocks.
    """
    for name in columns:
        if name not in table.names:
            raise no_column(table, name)
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

    def _refused(self, block: Block, cells: Cells, is_right: Callable[[str], bool]) -> DataError:
        """The error for the first cell that is not right."""
        row = int((~cells.mapped(is_right, bool)).argmax())
        texts, places = cells.encoded()
        return DataError(
            f"{block.place_of(row)}, {self._facts.name}: expected a {self._facts.kind}, "
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


def _joined(kind: ColumnKind, parts: list[Values]) -> Values:
    """Blocks of one column put together."""
    import numpy as np

    if not parts:
        return _empty(kind)
    first = parts[0]
    if isinstance(first, Texts):
        texts = [part for part in parts if isinstance(part, Texts)]
        starts = np.cumsum([0, *(int(part.offsets[-1]) for part in texts)])
        offsets = [part.offsets[:-1] + start for part, start in zip(texts, starts, strict=False)]
        return Texts(np.concatenate([part.data for part in texts]), np.concatenate([*offsets, starts[-1:]]))
    if isinstance(first, Categories):
        codes = np.concatenate([part.codes for part in parts if isinstance(part, Categories)])
        return replace(first, codes=codes, names=tuple(first.names))
    return replace(first, values=np.concatenate([part.values for part in parts]))  # type: ignore[union-attr]


def _empty(kind: ColumnKind) -> Values:
    import numpy as np

    if kind == "number":
        return Numbers(np.zeros(0, np.float32))
    if kind == "date":
        return Dates(np.zeros(0, "datetime64[us]"))
    if kind in ("category", "constant"):
        return Categories(np.zeros(0, np.int32), ())
    return Texts(np.zeros(0, np.uint8), np.zeros(1, np.int64))
