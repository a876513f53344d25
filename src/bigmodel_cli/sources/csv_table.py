"""Tables in CSV files: every row has a cell for each column, or the file and the line are named."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.errors import DataError

# What stands between cells; programs of many countries write semicolons, since the comma is in their numbers.
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
# How archives begin, and with them the files of Excel and LibreOffice.
_ZIP = b"PK\x03\x04"
_QUOTES_HINT = 'a cell with a {delimiter!r} in it stands in quotes: "a, b"'


@dataclass(frozen=True)
class TableRow:
    """A row of a table.

    Attributes:
        line: Where it begins.
        cells: As many as there are columns, without space around them.
    """

    line: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Table:
    """A table that was read.

    Attributes:
        path: Its file.
        delimiter: What stands between cells.
        columns: Their names, without space around them.
        rows: All rows but the first one, which names the columns.
    """

    path: Path
    delimiter: str
    columns: Sequence[str]
    rows: Sequence[TableRow]

    def column(self, names: Sequence[str]) -> int | None:
        """The place of the first of these columns that is there; else of one that differs in case alone."""
        for there, wanted in (
            (list(self.columns), names),
            ([name.casefold() for name in self.columns], [name.casefold() for name in names]),
        ):
            for name in wanted:
                if name in there:
                    return there.index(name)
        return None


def read_table(path: Path) -> Table:
    """Read a CSV file in UTF-8 whose first line names the columns; commas, semicolons or tabs between cells.

    Raises:
        DataError: If it cannot be read, columns have the same name, or a row has too few or too many cells.
    """
    if not path.is_file():
        raise DataError(f"{path}: {'a folder, not a CSV file' if path.is_dir() else 'no such file'}")
    text = _text(path)
    delimiter = _delimiter(text.lstrip().partition("\n")[0])
    rows = _rows(path, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    columns = next(rows, TableRow(1, ())).cells
    _check_columns(path, columns)
    return Table(path, delimiter, columns, [_checked(path, row, columns, delimiter) for row in rows])


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if content.startswith(_ZIP):
        raise DataError(
            f"{path}: an Excel file or another archive, not a CSV file", hint="save it as CSV (UTF-8)"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        found = "UTF-16" if is_utf_16 else f"{error.reason} at byte {error.start}"
        raise DataError(f"{path}:{line}: not UTF-8 text ({found})", hint="save it as UTF-8") from error


def _delimiter(header: str) -> str:
    return next((delimiter for delimiter in DELIMITERS if delimiter in header), ",")


def _rows(path: Path, reader: Iterator[list[str]]) -> Iterator[TableRow]:
    """Rows that are not empty.

    Raises:
        DataError: If quotes are not where they can be; names the line where the row begins.
    """
    end = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DataError(
                f"{path}:{end + 1}: cannot be read: {_reason(error)}",
                hint='a quote that belongs to a cell is written twice, in quotes: "5"" wide"',
            ) from error
        if cells is None:
            return
        end = reader.line_num  # type: ignore[attr-defined]
        if cells:
            yield TableRow(end - sum(cell.count("\n") for cell in cells), [cell.strip() for cell in cells])


def _reason(error: csv.Error) -> str:
    text = str(error)
    is_open = "unexpected end of data" in text or "field larger than" in text
    return "a quote that begins here is not closed" if is_open else text


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    if not any(columns):
        raise DataError(f"{path}: an empty file", hint="its first line names the columns: image,label")
    for name, count in Counter(columns).items():
        # Columns without a name can be meant by nobody: rows that are numbered, or end in a comma.
        if name and count > 1:
            raise DataError(
                f"{path}:1: the column {name} is there {count} times",
                hint="give every column a name of its own",
            )


def _checked(path: Path, row: TableRow, columns: Sequence[str], delimiter: str) -> TableRow:
    if len(row.cells) != len(columns):
        raise DataError(
            f"{path}:{row.line}: expected {len(columns)} cells ({', '.join(columns)}), "
            f"found {len(row.cells)}: {delimiter.join(row.cells)[:80]}",
            hint=_QUOTES_HINT.format(delimiter=delimiter) if len(row.cells) > len(columns) else None,
        )
    return row
