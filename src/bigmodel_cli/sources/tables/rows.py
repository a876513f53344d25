"""Rows of text read strictly, one by one, each with its line: slow and exact.

What is quick reads whole blocks (`parsing.py`), and comes here to learn where something stands, or for text
whose quotes are not only where they enclose cells.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.names import listed
from bigmodel_cli.sources.tables.numbers import is_number
from bigmodel_cli.sources.tables.refusing import TableError
from bigmodel_cli.sources.tables.text_format import SEPARATORS

_QUOTES_ARE_LETTERS = "quotes: false, if quotes are letters like any other"


class Row(NamedTuple):
    """A row as it is written.

    Attributes:
        line: Where it begins.
        end: The first line behind it.
        cells: As they are, without the quotes that enclose them.
    """

    line: int
    end: int
    cells: list[str]


class OpenQuote(Exception):
    """The text ends inside of quotes.

    Args:
        line: Where the row begins that they are in.
    """

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def rows_of(text: str, line: int, path: Path, separator: str, quotes: bool) -> Iterator[Row]:
    """The rows that are not empty, of a text that begins with a row.

    Args:
        text: With `\\n` at the ends of its lines.
        line: The number of the first line.
        path: The file, for errors.
        separator: The character between cells.
        quotes: Whether quotes can enclose cells.

    Raises:
        OpenQuote: If the text ends inside of quotes.
        DataError: If a quote is not where it can be.
    """
    if not quotes:
        for number, written in enumerate(text.split("\n"), line):
            if written:
                yield Row(number, number + 1, written.split(separator))
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = line
    with _cells_of_any_length():
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    raise OpenQuote(begins) from error
                raise wrong_quote(
                    f"{path}:{begins}: a quote that is closed before its cell ends, or is not closed: "
                    f"{_reason(str(error))}"
                ) from error
            if cells is None:
                return
            ends = line + reader.line_num
            if cells:
                yield Row(begins, ends, cells)
            begins = ends


def wrong_quote(message: str) -> TableError:
    """The error for a quote that is not where it can be."""
    fix = 'a quote that belongs to a cell is written twice, in quotes: "5"" wide"'
    return TableError(message, fix=fix, say=_QUOTES_ARE_LETTERS)


def _reason(text: str) -> str:
    return text.replace("' expected after '\"'", "' or the end of the line expected after '\"'")


@contextmanager
def _cells_of_any_length() -> Iterator[None]:
    """`csv` refuses cells of more than 128 KiB unless it is told otherwise, for the whole process."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def check_width(row: Row, names: Sequence[str], path: Path, separator: str) -> None:
    """Refuse a row that has not one cell for each column.

    Raises:
        DataError: Naming its line.
    """
    problem = width_problem(row, names, separator)
    if problem is None:
        return
    message = f"{path}:{row.line}: {problem}"
    if row.cells[0].startswith(("#", "//", "%")):
        raise TableError(message, say=f"comments: {row.cells[0][0]!r}, if such lines are no rows")
    raise DataError(message, hint=_width_hint(row, len(names), separator))


def width_problem(row: Row, names: Sequence[str], separator: str) -> str | None:
    """What is wrong with a row that has not one cell for each column; None where it has."""
    found, expected = len(row.cells), len(names)
    if found == expected:
        return None
    word = "cell" if expected == 1 else "cells"
    return (
        f"expected {expected:,} {word} ({listed(names)}), "
        f"found {found:,}: {cut(separator.join(row.cells), 80)!r}"
    )


def _width_hint(row: Row, expected: int, separator: str) -> str | None:
    between = SEPARATORS.get(separator, repr(separator))
    if len(row.cells) == expected + 1 and not row.cells[-1].strip():
        return f"the row ends with {separator!r}; the first row has to end with it as well, or no row may"
    if len(row.cells) > expected:
        return f'{between} in a cell stand in quotes: "a{separator} b"'
    return None


def check_swallowed(row: Row, written: str, width: int, path: Path, separator: str) -> None:
    """Refuse a row whose quotes hold what look like other rows: a quote too many has swallowed them.

    Each of its lines has as many cells as a row; and, where the first row has a number before the quote, so
    have the other ones. Text that happens to have one comma in each of its lines is no such thing, unless it
    has many of them.

    Args:
        row: The row.
        written: Its lines as they stand in the file.
        width: How many cells a row has.
        path: The file, for errors.
        separator: The character between cells.

    Raises:
        DataError: Naming the line that it begins in.
    """
    lines = written.rstrip("\n").split("\n")
    if width < 2 or len(lines) < 3 or any(line.count(separator) != width - 1 for line in lines):
        return
    split = [[cell.strip('" ') for cell in line.split(separator)] for line in lines]
    numeric = [place for place, cell in enumerate(split[0]) if is_number(cell)]
    alike = bool(numeric) and all(
        is_number(cells[place]) for cells in split for place in numeric if cells[place]
    )
    if alike or (not numeric and len(lines) >= 10):
        raise swallowed(f"{path}:{row.line}", len(lines) - 1)


def swallowed(place: str, count: int) -> TableError:
    """The error for a quote that holds some rows."""
    return TableError(
        f"{place}: a quote that begins here holds {count:,} lines that look like rows",
        fix="remove the quote, or close it where its cell ends",
        say=_QUOTES_ARE_LETTERS,
    )
