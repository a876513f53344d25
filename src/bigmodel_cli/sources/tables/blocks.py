"""The text of a file cut into blocks of whole rows, also where there are ends of lines in quotes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.encodings import check_text, readable, utf8_chunks
from bigmodel_cli.sources.tables.files import unpacked
from bigmodel_cli.sources.tables.quotes import Quotes, count, end_by_count
from bigmodel_cli.sources.tables.rows import Row, rows_of

if TYPE_CHECKING:
    from bigmodel_cli.sources.tables.dialect import Dialect

# A row that is longer than this is a quote that was never closed, or no table.
_LONGEST_ROW = 32 << 20
# A piece of a row that is longer than this may be behind a quote that is a letter.
_LONGEST_TAIL = 1 << 16


@dataclass(frozen=True)
class TextBlock:
    """Whole rows.

    Attributes:
        path: Their file.
        line: The number of the first line.
        text: UTF-8; lines end with `\\n`.
        lines: How many there are.
        is_regular: Whether quotes stand only where they enclose a cell; None: `settled` finds out.
    """

    path: Path
    line: int
    text: bytes
    lines: int
    is_regular: bool | None

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

    def settled(self, dialect: Dialect) -> TextBlock:
        """This one, with what the cutter left to whoever reads it.

        Raises:
            CutInRow: If it does not end with a row.
            DataError: If it is no text, or its quotes are not where they can be; names the line.
        """
        if self.is_regular is not None:
            return self
        check_text(self.text, self.line, self.path, dialect.format.separator)
        quotes = Quotes(self.path, dialect)
        is_regular, end = quotes.looked_at(self.text, self.line, is_last=False)
        if end < len(self.text):
            raise CutInRow(self.line)
        return replace(self, is_regular=is_regular)

    def check_swallowed(self, dialect: Dialect, num_rows: int) -> None:
        """Look for rows that a quote has swallowed, where there are more lines than rows.

        Raises:
            DataError: Naming the line.
        """
        if self.is_regular and num_rows < self.lines:
            Quotes(self.path, dialect).check_swallowed(self.text, self.line)


class CutInRow(Exception):
    """A block was cut within a row, since quotes are letters as well.

    Args:
        line: Where the block begins, which does begin with a row.
    """

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def text_blocks(
    path: Path,
    dialect: Dialect,
    *,
    size: int,
    strict_from: int | None = None,
    unreadable: dict[int, str] | None = None,
) -> Iterator[TextBlock]:
    """A file's rows behind its header, in blocks of about `size` bytes.

    Where a row ends is told from how many quotes stand before; whether these only enclose cells is left to
    `TextBlock.settled`, which any thread can ask.

    Args:
        path: The file.
        dialect: How it is written.
        size: Of a block.
        strict_from: The line from which on quotes are looked at before anything is cut; None: nowhere.
        unreadable: Gets lines with bytes that are no text, and what is wrong with each; None: they are
            refused.

    Raises:
        DataError: If the file is damaged, or its quotes are; names the line.
    """
    cutter = _Cutter(path, dialect, strict_from)
    with unpacked(path) as stream:
        chunks = utf8_chunks(stream, dialect.format.encoding or "utf-8", path, size=size)
        if dialect.format.comments:
            chunks = _without_comments(chunks, dialect.format.comments.encode())
        if unreadable is not None:
            chunks = readable(chunks, unreadable)
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

    def __init__(self, path: Path, dialect: Dialect, strict_from: int | None) -> None:
        self._path = path
        self._dialect = dialect
        self._strict_from = strict_from
        self._line = dialect.line
        self._held = b""

    def cut(self, chunk: bytes, *, is_last: bool = False) -> TextBlock | None:
        if not is_last and (end := self._quick_end(chunk)):
            whole = b"".join((self._held, memoryview(chunk)[:end]))
            self._held = chunk[end:]
            return self._block(whole, None)
        text = self._held + chunk
        if is_last and text and not text.endswith(b"\n"):
            text += b"\n"
        if not text:
            return None
        is_regular, end = self._end(text, is_last)
        self._held = text[end:]
        if not end and len(text) > _LONGEST_ROW:
            raise DataError(
                f"{self._path}:{self._line}: a row of more than {_LONGEST_ROW >> 20} MiB begins here",
                hint="a quote that is not closed, or no table of text",
            )
        if not end:
            return None
        if is_regular is not None:
            check_text(text[:end], self._line, self._path, self._dialect.format.separator)
        return self._block(text[:end], is_regular)

    def _block(self, text: bytes, is_regular: bool | None) -> TextBlock:
        block = TextBlock(self._path, self._line, text, count(text, ord("\n")), is_regular)
        self._line += block.lines
        return block

    @property
    def _is_strict(self) -> bool:
        return self._strict_from is not None and self._line >= self._strict_from

    def _quick_end(self, chunk: bytes) -> int:
        """Where the last whole row of a piece ends that stands behind what is held; 0: to be looked at."""
        if not self._dialect.format.quotes:
            return chunk.rfind(b"\n") + 1
        if self._is_strict:
            return 0
        end = end_by_count(chunk, is_inside=self._held.count(b'"') % 2 == 1)
        # A quote that is a letter makes all that follows look enclosed.
        return end if len(chunk) - end <= _LONGEST_TAIL else 0

    def _end(self, text: bytes, is_last: bool) -> tuple[bool | None, int]:
        """Whether quotes only enclose cells (None: nobody looked), and where the last whole row ends."""
        if not self._dialect.format.quotes:
            return None, text.rfind(b"\n") + 1
        if not self._is_strict and (len(text) <= _LONGEST_TAIL or is_last):
            end = end_by_count(text)
            if not (is_last and end < len(text)):
                return None, end
        return Quotes(self._path, self._dialect).looked_at(text, self._line, is_last=is_last)
