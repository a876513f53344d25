"""The text of a file cut into blocks of whole rows, also where there are ends of lines in quotes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.encodings import check_text, utf8_chunks
from bigmodel_cli.sources.tables.files import unpacked
from bigmodel_cli.sources.tables.rows import OpenQuote, Row, check_swallowed, rows_of, wrong_quote

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.sources.tables.dialect import Dialect

_QUOTE, _NEWLINE = ord('"'), ord("\n")
# A row that is longer than this is a quote that was never closed, or no table.
_LONGEST_ROW = 32 << 20


@dataclass(frozen=True)
class TextBlock:
    """Whole rows.

    Attributes:
        path: Their file.
        line: The number of the first line.
        text: UTF-8; lines end with `\\n`.
        is_regular: Whether quotes stand only where they enclose a cell.
    """

    path: Path
    line: int
    text: bytes
    is_regular: bool

    def rows(self, dialect: Dialect) -> Iterator[Row]:
        """Its rows, one by one.

        Raises:
            DataError: If a quote is not where it can be.
        """
        assert dialect.format.separator is not None
        return rows_of(
            self.text.decode("utf-8"),
            self.line,
            self.path,
            dialect.format.separator,
            bool(dialect.format.quotes),
        )


def text_blocks(path: Path, dialect: Dialect, *, size: int) -> Iterator[TextBlock]:
    """A file's rows behind its header, in blocks of about `size` bytes.

    Raises:
        DataError: If the file is damaged, or its quotes are; names the line.
    """
    cutter = _Cutter(path, dialect)
    with unpacked(path) as stream:
        chunks = utf8_chunks(stream, dialect.format.encoding or "utf-8", path, size=size)
        if dialect.format.comments:
            chunks = _without_comments(chunks, dialect.format.comments.encode())
        for chunk in _behind_header(chunks, dialect.line - 1):
            if block := cutter.cut(chunk):
                yield block
    if block := cutter.cut(b"", is_last=True):
        yield block


def _behind_header(chunks: Iterator[bytes], lines: int) -> Iterator[bytes]:
    """Leave out the first lines."""
    for chunk in chunks:
        rest = chunk
        while lines and rest:
            place = rest.find(b"\n")
            rest = rest[place + 1 :] if place >= 0 else b""
            lines -= place >= 0
        if rest:
            yield rest


def _without_comments(chunks: Iterator[bytes], mark: bytes) -> Iterator[bytes]:
    """Make lines that begin with a mark empty: their numbers stay."""
    held = b""
    for chunk in chunks:
        *lines, held = (held + chunk).split(b"\n")
        yield b"".join((b"" if line.startswith(mark) else line) + b"\n" for line in lines)
    if held and not held.startswith(mark):
        yield held


class _Cutter:
    """Takes pieces of text, and gives what is whole rows of what it has."""

    def __init__(self, path: Path, dialect: Dialect) -> None:
        assert dialect.format.separator is not None
        self._path = path
        self._separator = dialect.format.separator
        self._quotes = bool(dialect.format.quotes)
        self._width = dialect.width
        self._line = dialect.line
        self._held = b""

    def cut(self, chunk: bytes, *, is_last: bool = False) -> TextBlock | None:
        text = self._held + chunk
        if is_last and text and not text.endswith(b"\n"):
            text += b"\n"
        if not text:
            return None
        end, is_regular = self._end(text, is_last)
        self._held = text[end:]
        if not end and len(text) > _LONGEST_ROW:
            raise DataError(
                f"{self._path}:{self._line}: a row of more than {_LONGEST_ROW >> 20} MiB begins here",
                hint="a quote that is not closed, or no table of text",
            )
        if not end:
            return None
        block = TextBlock(self._path, self._line, text[:end], is_regular)
        check_text(block.text, block.line, self._path, self._separator)
        self._line += block.text.count(b"\n")
        return block

    def _end(self, text: bytes, is_last: bool) -> tuple[int, bool]:
        """Where the last whole row ends, and whether quotes only enclose cells."""
        import numpy as np

        if not self._quotes or b'"' not in text:
            return (text.rfind(b"\n") + 1), True
        letters = np.frombuffer(text, np.uint8)
        marks = np.flatnonzero((letters == _QUOTE) | (letters == _NEWLINE))
        # Where the quotes stand among the marks tells how many lines end before each of them.
        at = np.flatnonzero(letters[marks] == _QUOTE)
        quotes = marks[at]
        if not _are_regular(letters, quotes, ord(self._separator)):
            return self._end_by_rows(text, is_last), False
        end = _end_outside(text, quotes)
        lines = at - np.arange(len(at))
        if is_last and end < len(text):
            raise wrong_quote(
                f"{self._path}:{self._line + int(lines[-1])}: a quote that begins here is not closed"
            )
        self._check_swallowed(text, quotes, lines)
        return end, True

    def _end_by_rows(self, text: bytes, is_last: bool) -> int:
        """The same where quotes are letters as well, by reading the rows."""
        whole = text[: text.rfind(b"\n") + 1]
        check_text(whole, self._line, self._path, self._separator)
        ends = self._line
        try:
            for row in rows_of(whole.decode("utf-8"), self._line, self._path, self._separator, True):
                ends = row.end
        except OpenQuote as error:
            if is_last:
                raise wrong_quote(
                    f"{self._path}:{error.line}: a quote that begins here is not closed"
                ) from error
            lines = whole.split(b"\n", ends - self._line)[: ends - self._line]
            return sum(len(line) + 1 for line in lines)
        return len(whole)

    def _check_swallowed(self, text: bytes, quotes: np.ndarray, lines: np.ndarray) -> None:
        """Look at each cell of several lines for rows that a quote has swallowed.

        Args:
            text: Some rows.
            quotes: Where its quotes are.
            lines: How many lines end before each of them.
        """
        import numpy as np

        begins, ends = lines[: len(lines) - len(lines) % 2 : 2], lines[1::2]
        for place in np.flatnonzero(ends - begins >= 2).tolist():
            start = text.rfind(b"\n", 0, int(quotes[2 * place])) + 1
            end = text.find(b"\n", int(quotes[2 * place + 1]))
            line = self._line + int(begins[place])
            written = text[start : end if end >= 0 else len(text)].decode("utf-8", "replace")
            check_swallowed(Row(line, line, []), written, self._width, self._path, self._separator)


def _are_regular(letters: np.ndarray, quotes: np.ndarray, separator: int) -> bool:
    """Whether quotes, taken in turn as opening and closing, all stand at the ends of cells.

    A quote that belongs to a cell is written twice, which closes and opens in one place.
    """
    import numpy as np

    opening, closing = quotes[0::2], quotes[1::2]
    before = letters[opening - 1]
    is_doubled = np.zeros(len(opening), bool)
    is_doubled[1:] = opening[1:] - 1 == closing[: len(opening) - 1]
    if not ((before == separator) | (before == _NEWLINE) | is_doubled | (opening == 0)).all():
        return False
    inside = closing < len(letters) - 1
    after = letters[np.minimum(closing + 1, len(letters) - 1)]
    is_doubled = np.zeros(len(closing), bool)
    is_doubled[: len(opening) - 1] = opening[1:] == closing[: len(opening) - 1] + 1
    return bool(((after == separator) | (after == _NEWLINE) | is_doubled | ~inside).all())


def _end_outside(text: bytes, quotes: np.ndarray) -> int:
    """The end of the last line that does not end in quotes; 0 where there is none."""
    import numpy as np

    place = text.rfind(b"\n")
    while place >= 0:
        before = int(np.searchsorted(quotes, place))
        if before % 2 == 0:
            return place + 1
        place = text.rfind(b"\n", 0, int(quotes[before - 1]))
    return 0
