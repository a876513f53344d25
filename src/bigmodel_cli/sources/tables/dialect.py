"""How a table of text is written, recognised from its beginning where it is not told."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.plain_numbers import plain_integer
from bigmodel_cli.sources.tables import dates, missing, numbers
from bigmodel_cli.sources.tables.encodings import check_text, readable, recognised_encoding, utf8_chunks
from bigmodel_cli.sources.tables.files import unpacked
from bigmodel_cli.sources.tables.names import listed
from bigmodel_cli.sources.tables.rows import OpenQuote, Row, rows_of, wrong_quote
from bigmodel_cli.sources.tables.text_format import SEPARATORS, TextFormat

_SAMPLE = 1 << 18
# So many letters tell what stands between cells.
_ENOUGH = 1 << 16
_MOST_ROWS = 500
# What a spreadsheet program writes before everything else, for itself.
_SEPARATOR_LINE = re.compile(r"sep=(.)\n", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """How a file is written, with nothing left to recognise.

    Attributes:
        format: Separator, encoding, quotes, header and skip are set; the rest is as it was told.
        names: The columns' names as they stand in the header; None where there is no header.
        header_line: Where the header, or the first row, begins.
        line: The first line behind the header.
        width: How many cells a row has.
        notes: What was recognised that a person should know of.
    """

    format: TextFormat
    names: Sequence[str] | None
    header_line: int
    line: int
    width: int
    notes: Sequence[str] = ()


def recognised(path: Path, told: TextFormat, *, keeps_wrong: bool = False) -> Dialect:
    """How a file is written.

    Args:
        path: It.
        told: What need not be recognised.
        keeps_wrong: Whether bytes that are no text are passed over.

    Raises:
        DataError: If it has no rows, or no text; names the line.
    """
    encoding, text, is_whole = _beginning(path, told.encoding, keeps_wrong=keeps_wrong)
    skip = _lines_before(text, told)
    body = _without_comments(_after_lines(text, skip), told.comments)
    if not body.strip():
        raise DataError(f"{path}: an empty file" if not text.strip() else f"{path}: no rows")
    line = skip + 1
    separator, quotes = _separator_and_quotes(path, body, line, is_whole, told, _said_separator(text))
    rows = _first_rows(body, line, path, separator, quotes)
    if not rows:
        raise DataError(f"{path}: no rows")
    header = told.header if told.header is not None else _has_header(rows)
    found = replace(told, separator=separator, encoding=encoding, quotes=quotes, header=header, skip=skip)
    return Dialect(
        found,
        rows[0].cells if header else None,
        rows[0].line,
        rows[0].end if header else line,
        len(rows[0].cells),
        _notes(path, found, told, rows),
    )


def _beginning(path: Path, told: str | None, *, keeps_wrong: bool) -> tuple[str, str, bool]:
    """The encoding, the beginning of the text, and whether that is all of it."""
    with unpacked(path) as stream:
        start = stream.read(4000)
    encoding = told or recognised_encoding(start)
    data = b""
    with unpacked(path) as stream:
        for chunk in utf8_chunks(stream, encoding, path, size=_SAMPLE):
            data += chunk
            if len(data) >= _SAMPLE:
                break
        is_whole = not stream.read(1)
    # The sample may end within a letter, or within a line.
    data = data if is_whole else data[: data.rfind(b"\n") + 1] or data
    if keeps_wrong:
        # Names that are no text are no names.
        check_text(data.split(b"\n", 1)[0], 1, path)
        data = b"".join(readable(iter([data]), {}))
    check_text(data, 1, path)
    name = codecs.lookup(encoding).name
    return name.removesuffix("-sig") if told is None else told, data.decode("utf-8"), is_whole


def _said_separator(text: str) -> str | None:
    found = _SEPARATOR_LINE.match(text)
    return found[1] if found else None


def _lines_before(text: str, told: TextFormat) -> int:
    """How many lines stand before the header: those told, else what is a comment for certain."""
    if told.skip is not None:
        return told.skip
    if _said_separator(text):
        return 1
    lines = text.split("\n", 200)
    marked = next(
        (place for place, line in enumerate(lines) if line and not line.startswith("#")), len(lines)
    )
    if not marked or marked == len(lines):
        return marked
    # `#id,name` is a header: it has as many cells as the first row.
    first, below = lines[marked - 1], lines[marked]
    is_header = any(first.count(separator) == below.count(separator) > 0 for separator in SEPARATORS)
    return marked - 1 if is_header else marked


def _after_lines(text: str, count: int) -> str:
    return text if not count else (text.split("\n", count)[count:] or [""])[0]


def _without_comments(text: str, comments: str | None) -> str:
    if comments is None:
        return text
    return "\n".join("" if line.startswith(comments) else line for line in text.split("\n"))


def _first_rows(text: str, line: int, path: Path, separator: str, quotes: bool) -> list[Row]:
    rows: list[Row] = []
    try:
        for row in rows_of(text, line, path, separator, quotes):
            rows.append(row)
            if len(rows) >= _MOST_ROWS:
                break
    except (OpenQuote, DataError):
        # Whoever reads all of it says where.
        if not rows:
            raise wrong_quote(f"{path}:{line}: a quote that begins here is not closed") from None
    return rows


def _separator_and_quotes(
    path: Path, text: str, line: int, is_whole: bool, told: TextFormat, said: str | None
) -> tuple[str, bool]:
    """The separator that makes rows of one width, and whether quotes enclose cells."""
    separators = [told.separator or said] if told.separator or said else list(SEPARATORS)
    sample = text if is_whole and len(text) <= _ENOUGH else text[: text.rfind("\n", 0, _ENOUGH) + 1] or text
    ways: list[tuple[float, int, bool, str]] = []
    for separator in separators:
        assert separator
        for quotes in (True, False) if told.quotes is None else (told.quotes,):
            evenness, width = _evenness(sample, line, path, separator, quotes)
            ways.append((evenness, width, quotes, separator))
    if path.name.lower().removesuffix(".gz").endswith((".tsv", ".tab")) and len(separators) > 1:
        by_name = [way for way in ways if way[3] == "\t" and way[1] > 1]
        ways = by_name or ways
    with_quotes = [way for way in ways if way[2]]
    best = max(with_quotes or ways, key=_merit)
    # Only between tabs are cells written without quotes by custom: elsewhere a quote too many is a slip.
    without = [way for way in ways if not way[2] and way[3] == "\t"]
    if with_quotes and without and _merit(without[0]) > _merit(best) and not _encloses(sample, "\t"):
        best = without[0]
    return best[3], best[2]


def _merit(way: tuple[float, int, bool, str]) -> tuple[bool, float, int]:
    """Rows of more than one cell before others; then even ones; then wide ones."""
    evenness, width, _, _ = way
    return (width > 1 and evenness >= 0.8, round(evenness, 2) if width > 1 else 0.0, width)


def _evenness(text: str, line: int, path: Path, separator: str, quotes: bool) -> tuple[float, int]:
    """The share of rows that have the most frequent number of cells, and that number.

    Where the first row, which all others must be like, has another one, the share is halved.
    """
    widths: Counter[int] = Counter()
    failed = first = count = 0
    try:
        for row in rows_of(text, line, path, separator, quotes):
            first = first or len(row.cells)
            widths[len(row.cells)] += 1
            count += 1
            if count >= _MOST_ROWS * 2:
                break
    except (OpenQuote, DataError):
        failed = max(1, count // 4)
    if not widths:
        return 0.0, 0
    width, most = widths.most_common(1)[0]
    share = most / (count + failed)
    return share if first == width else share / 2, width


def _encloses(text: str, separator: str) -> bool:
    """Whether a cell stands in quotes as programs write them: there is a separator or a quote in it."""
    between = re.escape(separator)
    return bool(
        re.search(rf'(?:^|{between})"[^"\n]*(?:{between}|"")[^"\n]*"(?:{between}|$)', text, re.MULTILINE)
    )


def _has_header(rows: Sequence[Row]) -> bool:
    """Whether the first row names columns: it has no numbers or dates, and does not look like the others."""
    first, others = [cell.strip() for cell in rows[0].cells], rows[1:]
    below = [_column(others, place) for place in range(len(first))]
    values = [cell for cell, cells in zip(first, below, strict=True) if _is_value_among(cell, cells)]
    if values:
        return _are_years(values) and len(values) < len(first)
    if any(_is_word_above_values(cell, cells) for cell, cells in zip(first, below, strict=True)):
        return True
    # A name may be a value as well, but no frequent one.
    return any(first) and not any(
        cell and cells.count(cell) > 0.02 * len(cells) for cell, cells in zip(first, below, strict=True)
    )


def _column(rows: Sequence[Row], place: int) -> list[str]:
    cells = [row.cells[place].strip() for row in rows if place < len(row.cells)]
    return [cell for cell in cells if cell]


def _is_word_above_values(cell: str, below: Sequence[str]) -> bool:
    known = [value for value in below if not missing.is_mark(value)]
    return bool(cell and known) and not missing.is_mark(cell) and all(map(_form, known))


def _is_value_among(cell: str, below: Sequence[str]) -> bool:
    """Whether a cell of the first row is a value: a number is, a date or a price only above its like."""
    form = _form(cell)
    return form == "number" or bool(form and (not below or form in map(_form, below)))


def _form(cell: str) -> str | None:
    """What a cell is written as; None: a word."""
    if numbers.is_number(cell):
        return numbers.sign_of(cell) or "number"
    return "date" if dates.is_like_date(cell) else None


def _are_years(cells: Sequence[str]) -> bool:
    """Whether numbers in a header are years, as tables of countries have them."""
    years = [plain_integer(cell) for cell in cells]
    whole = [year for year in years if year is not None and 1800 <= year <= 2100]
    return len(whole) == len(years) >= 2 and whole == sorted(set(whole))


def _notes(path: Path, found: TextFormat, told: TextFormat, rows: Sequence[Row]) -> list[str]:
    notes = []
    if told.quotes is None and not found.quotes:
        notes.append(
            f"{path}: quotes do not enclose cells: read as letters; quotes: true reads them otherwise"
        )
    if told.header is None and not found.header:
        notes.append(
            f"{path}: the first row ({cut(listed(rows[0].cells), 60)}) looks like values: columns are called "
            "column_1, column_2, …; header: true takes their names from it"
        )
    if told.separator is None and len(rows[0].cells) == 1:
        notes.append(f"{path}: no separator was found: one column")
    return notes
