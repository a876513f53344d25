"""Rows of tables to predict: files, standard input, or values that are named one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.kinds.cells import Held
from bigmodel_cli.kinds.inputs import Asked, Batch, Finder, Group, Input, Rows
from bigmodel_cli.kinds.row.blocks.columns import SET, Columns, Places, ReadRows, Written
from bigmodel_cli.kinds.row.blocks.files import FilesOfRows
from bigmodel_cli.kinds.row.blocks.sent import REQUEST, cells_of_sent
from bigmodel_cli.kinds.row.blocks.settings import settings_of
from bigmodel_cli.kinds.row.blocks.texts import (
    Texts,
    TextWords,
    column_of_texts,
    lines_as_texts,
    texts_in_command,
)
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.kinds.row.standard_input import STANDARD_INPUT, KeptInput, kept_input
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.tables.cells import Cells as CellTexts
from bigmodel_cli.sources.tables.cells import ListCells, Use
from bigmodel_cli.sources.tables.joined import Keyed
from bigmodel_cli.sources.tables.lists import as_text
from bigmodel_cli.sources.tables.names import no_column, shown
from bigmodel_cli.sources.tables.readers import use_of
from bigmodel_cli.sources.tables.table import Block, Table, TableFile, open_table

# Rows that are predicted at once, at most, and what their values may take.
_MOST_ROWS, _MOST_BYTES = 4096, 4 * 2**20


class RowFinder(Finder):
    """Finds tables, and looks for the model's columns in them."""

    kind: RowKind
    hint: ClassVar[str] = (
        "give a table (.csv, .tsv, .jsonl, .parquet), - for standard input, or --set COLUMN=VALUE"
    )

    def rows(self, asked: Asked, warn: Callable[[str], None]) -> Rows:
        written = Written.of(asked.written, self.kind)
        if asked.texts:
            written_here = texts_in_command(asked.texts, self.kind, asked.words, asked.settings)
            return _Texts(Texts.of(self.kind, written_here, asked.kept))
        if asked.settings and asked.words:
            raise UsageError(
                "--set asks about one row, and files have rows of their own", hint="give one of both"
            )
        if asked.settings:
            return _OneRow(self.kind, written, asked.settings)
        column = column_of_texts(self.kind)
        if column is None:
            return _Tables(self.kind, written, asked.words, asked.kept)
        is_table = partial(_is_table, written, column)
        words = TextWords(asked.written, is_table, warn, by_line=asked.by_line)
        texts = words.texts_of(asked.words)
        if texts is None:
            return self._tables_or_lines(asked, written, column)
        return _Texts(Texts.of(self.kind, texts, asked.kept))

    def _tables_or_lines(self, asked: Asked, written: Written, column: str) -> Rows:
        """Tables; standard input that is none has a text in each line."""
        if asked.words != [STANDARD_INPUT]:
            return _Tables(self.kind, written, asked.words, asked.kept)
        kept = kept_input()
        try:
            return _Tables(self.kind, written, asked.words, asked.kept, kept)
        except DataError:
            if kept.has_objects:
                raise
        texts = lines_as_texts(kept.path, STANDARD_INPUT, written.format.encoding)
        many = f"{len(texts):,} lines" if len(texts) > 1 else "1 line"
        remark = f"standard input: {many}, each a {self.kind.columns[column].noun}"
        return _Texts(Texts.of(self.kind, texts, asked.kept), [remark])

    def sent(self, rows: Sequence[Mapping[str, Any]], written: Mapping[str, Any] | None) -> Rows:
        return _SentRows(self.kind, Written.of(written, self.kind), rows)

    def files(self, path: Path) -> Group:
        raise TypeError("rows are read many at a time")

    @property
    def passed_over(self) -> None:
        return None


def _rows_at_once(kind: RowKind) -> int:
    return max(1, min(_MOST_ROWS, _MOST_BYTES // max(1, kind.num_bytes)))


def _batch(
    read: ReadRows, rows: range, places: Places, cells: Sequence[Sequence[str]] | None, files: FilesOfRows
) -> Batch:
    inputs = [Input(places.name(row)) for row in rows]
    decoded = files.read(read, [row for row in rows if row not in read.errors], places)
    errors = [read.errors.get(row) for row in rows]
    good = np.array([row for row, error in zip(rows, errors, strict=True) if error is None], np.int64)
    features = {
        name: _stacked(decoded[name], good) if name in decoded else column.take(good)
        for name, column in read.held.items()
    }
    return Batch(inputs, features, errors, [None] * len(inputs), cells)


def _stacked(values: Mapping[int, np.ndarray], rows: np.ndarray) -> Held:
    return Held(np.array([values[row] for row in rows.tolist()]))


def _as_cell(value: Any) -> str:
    """A value of a joined table as cells are written."""
    return as_text(value) if isinstance(value, list) else value or ""


def _is_table(written: Written, column: str, path: Path) -> bool:
    """Whether a file is a table that has a column."""
    try:
        names = open_table(path, written.format, keeps_wrong=True).names
    except DataError:
        return False
    return written.in_files(column, names) in names


class _OneRow(Rows):
    """One row whose values are named on the command line; those that are left out are missing."""

    def __init__(self, kind: RowKind, written: Written, settings: Sequence[str]) -> None:
        self._kind = kind
        given = settings_of(settings, [*kind.columns, *written.keys(kind.columns)])
        joined = written.with_joined(given, kind.columns)
        self._values = {name: _as_cell(value) for name, value in joined.items()}
        left_out = [name for name in kind.columns if name not in self._values]
        self.remarks = [f"not set, and so missing: {some(map(shown, left_out), 20)}"] if left_out else []
        self.remarks += written.not_there(given, kind.columns)
        self.columns = list(kind.columns)
        self._table = Table((), tuple(kind.columns), (), written.format)
        self._columns = Columns.of(kind, self._table, written)

    def __len__(self) -> int:
        return 1

    def batches(self, signature: Signature, needed: Collection[str]) -> Generator[Batch, None, None]:
        texts = [self._values.get(name, "") for name in self._kind.columns]
        cells = {name: ListCells([text]) for name, text in zip(self._kind.columns, texts, strict=True)}
        places = Places(None)
        block = Block(_NoFile(), 1, list(cells.values()), lambda: (1,))
        files = FilesOfRows.below(self._kind, Path())
        yield _batch(self._columns.read(block, cells, places, needed), range(1), places, [texts], files)


class _Texts(Rows):
    """Rows that are one text each."""

    def __init__(self, texts: Texts, remarks: Sequence[str] = ()) -> None:
        self._texts, self.remarks = texts, remarks
        self.columns = texts.columns

    def __len__(self) -> int:
        return len(self._texts.texts)

    def batches(self, signature: Signature, needed: Collection[str]) -> Generator[Batch, None, None]:
        for some_texts in self._texts.pieces():
            read = some_texts.read()
            both = zip(read.names, read.pieces, strict=True)
            inputs = [Input(name, piece=piece) for name, piece in both]
            cells = read.cells if self.columns else None
            yield Batch(inputs, {self._texts.column: read.held}, read.errors, [None] * len(inputs), cells)


class _SentRows(Rows):
    """Rows that stand in no file; they are named by their numbers, from 1."""

    def __init__(self, kind: RowKind, written: Written, rows: Sequence[Mapping[str, Any]]) -> None:
        self._kind, self._rows, self._written = kind, rows, written
        self._columns = Columns.of(kind, Table((), tuple(kind.columns), (), written.format), written)

    def __len__(self) -> int:
        return len(self._rows)

    def batches(self, signature: Signature, needed: Collection[str]) -> Generator[Batch, None, None]:
        size, columns = _rows_at_once(self._kind), self._kind.columns
        for start in range(0, len(self._rows), size):
            rows = [self._written.with_joined(row, columns) for row in self._rows[start : start + size]]
            sent = cells_of_sent(rows, self._kind, self._columns.facts)
            cells = sent.cells
            number = partial(range, start + 1, start + len(rows) + 1)
            block = Block(_NoFile(), len(rows), list(cells.values()), number, wrong=sent.wrong)
            places = Places(number(), REQUEST, has_lines=False)
            read = self._columns.read(block, cells, places, needed)
            yield _batch(read, range(len(rows)), places, None, FilesOfRows.sent(self._kind, sent.files))


class _NoFile(TableFile):
    """Where a row stands that is in no file."""

    path = Path(SET)
    names = ()

    def pieces(self, wanted: Mapping[str, Use]) -> Iterator[Callable[[], Block]]:
        return iter(())


@dataclass(frozen=True)
class _Opened:
    """A table to predict.

    Attributes:
        word: As the user calls it.
        table: It.
        columns: What of it the model takes.
        names: The model's columns by what they are called in the files.
        joined: Tables of which it gets columns.
    """

    word: str
    table: Table
    columns: Columns
    names: Mapping[str, str]
    joined: Sequence[Keyed]


class _Tables(Rows):
    """Rows of tables in files."""

    def __init__(
        self,
        kind: RowKind,
        written: Written,
        words: Sequence[str],
        kept: Sequence[str] | None,
        given: KeptInput | None = None,
    ) -> None:
        self._kind = kind
        # Standard input can be read once.
        self._input = given
        self._opened = [self._open(word, written) for word in words]
        notes = dict.fromkeys(note for one in self._opened for note in one.table.notes)
        self.remarks = [self._as_given(note) for note in notes]
        there = list(dict.fromkeys(name for one in self._opened for name in one.table.names))
        for name in kept or ():
            if name not in there:
                raise no_column(self._opened[0].table.files[0].path, there, name)
        self.columns = there if kept is None else list(kept)

    def __len__(self) -> int:
        return len(self._opened)

    @property
    def noticed(self) -> Sequence[str]:
        found = (
            keyed.described(one.table.files[0].path, refuses=False)
            for one in self._opened
            for keyed in one.joined
        )
        return [self._as_given(sentence) for sentence in found if sentence is not None]

    def _open(self, word: str, written: Written) -> _Opened:
        path: Path | str = word
        if word == STANDARD_INPUT:
            self._input = self._input or kept_input()
            path = self._input.path
        with self._as_called():
            table, joined = written.opened(path, self._kind.columns)
        names = {name: written.in_files(name, table.names) for name in self._kind.columns}
        for name in names.values():
            if name not in table.names:
                raise no_column(Path(word), table.names, name)
        return _Opened(word, table, Columns.of(self._kind, table, written), names, joined)

    def batches(self, signature: Signature, needed: Collection[str]) -> Generator[Batch, None, None]:
        size = _rows_at_once(self._kind)
        for opened in self._opened:
            for block in self._blocks(opened):
                cells = dict(zip(_wanted(opened, self.columns), block.cells, strict=True))
                places = Places(block.lines(), self._called(opened, block), block.file.has_lines)
                read = opened.columns.read(
                    block, {name: cells[there] for name, there in opened.names.items()}, places, needed
                )
                folder = Path() if opened.word == STANDARD_INPUT else block.file.path.parent
                files = FilesOfRows.below(self._kind, folder)
                texts = _texts(cells, self.columns, block.num_rows) if self.columns else None
                for start in range(0, block.num_rows, size):
                    rows = range(start, min(start + size, block.num_rows))
                    kept = None if texts is None else texts[start : rows.stop]
                    yield _batch(read, rows, places, kept, files)

    def _blocks(self, opened: _Opened) -> Iterator[Block]:
        uses: dict[str, Use] = dict.fromkeys(_wanted(opened, self.columns), "any")
        uses |= {opened.names[name]: use_of(facts) for name, facts in opened.columns.facts.items()}
        blocks = opened.table.blocks(uses)
        while True:
            with self._as_called():
                block = next(blocks, None)
            if block is None:
                return
            yield block

    @contextmanager
    def _as_called(self) -> Iterator[None]:
        """What is said of the file that keeps standard input is said of `-`."""
        try:
            yield
        except DataError as error:
            if self._input is None:
                raise
            raise DataError(self._as_given(error.message), hint=error.hint) from None

    def _as_given(self, sentence: str) -> str:
        return sentence if self._input is None else sentence.replace(str(self._input.path), STANDARD_INPUT)

    def _called(self, opened: _Opened, block: Block) -> str:
        return opened.word if opened.word == STANDARD_INPUT else str(block.file.path)


def _wanted(opened: _Opened, columns: Sequence[str]) -> list[str]:
    """The columns of a table that are read."""
    return list(
        dict.fromkeys([*opened.names.values(), *(name for name in columns if name in opened.table.names)])
    )


def _texts(cells: Mapping[str, CellTexts], columns: Sequence[str], num_rows: int) -> list[Sequence[str]]:
    """What is written in some columns, row by row."""
    written = [_each(cells[name]) if name in cells else [""] * num_rows for name in columns]
    return list(zip(*written, strict=True))


def _each(cells: CellTexts) -> list[str]:
    texts, places = cells.encoded()
    found: list[str] = np.array([*texts, ""], object)[places].tolist()
    return found
