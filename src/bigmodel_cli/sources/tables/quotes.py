"""The quotes of some text: whether they only enclose cells, and where its last whole row ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.sources.tables.encodings import check_text
from bigmodel_cli.sources.tables.rows import OpenQuote, Row, check_swallowed, rows_of, wrong_quote

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.sources.tables.dialect import Dialect

_QUOTE, _NEWLINE = ord('"'), ord("\n")


class Quotes:
    """Looks at the quotes of a file's text.

    Args:
        path: The file.
        dialect: How it is written.
    """

    def __init__(self, path: Path, dialect: Dialect) -> None:
        assert dialect.format.separator is not None
        self._path = path
        self._separator = dialect.format.separator
        self._has_quotes = bool(dialect.format.quotes)
        self._width = dialect.width

    def looked_at(self, text: bytes, line: int, *, is_last: bool) -> tuple[bool, int]:
        """Whether quotes only enclose cells, and where the last whole row ends.

        Args:
            text: It begins with a row.
            line: The number of its first line.
            is_last: Whether nothing follows it.

        Raises:
            DataError: If a quote is not where it can be; names the line.
        """
        import numpy as np

        if not self._has_quotes or b'"' not in text:
            return True, text.rfind(b"\n") + 1
        letters = np.frombuffer(text, np.uint8)
        quotes = np.flatnonzero(letters == _QUOTE)
        if not _are_regular(letters, quotes, ord(self._separator)):
            return False, self._end_by_rows(text, line, is_last)
        end = _end_outside(text, quotes)
        if is_last and end < len(text):
            begins = line + text.count(b"\n", 0, int(quotes[-1]))
            raise wrong_quote(f"{self._path}:{begins}: a quote that begins here is not closed")
        return True, end

    def _end_by_rows(self, text: bytes, line: int, is_last: bool) -> int:
        """The same where quotes are letters as well, by reading the rows."""
        whole = text[: text.rfind(b"\n") + 1]
        check_text(whole, line, self._path, self._separator)
        ends = line
        try:
            for row in rows_of(whole.decode("utf-8"), line, self._path, self._separator, True):
                ends = row.end
        except OpenQuote as error:
            if is_last:
                raise wrong_quote(
                    f"{self._path}:{error.line}: a quote that begins here is not closed"
                ) from error
            lines = whole.split(b"\n", ends - line)[: ends - line]
            return sum(len(one) + 1 for one in lines)
        return len(whole)

    def check_swallowed(self, text: bytes, line: int) -> None:
        """Look at each cell of several lines for rows that a quote has swallowed.

        Args:
            text: Some rows, whose quotes only enclose cells.
            line: The number of the first line.

        Raises:
            DataError: Naming the line that such a cell begins in.
        """
        import numpy as np

        letters = np.frombuffer(text, np.uint8)
        marks = np.flatnonzero((letters == _QUOTE) | (letters == _NEWLINE))
        # Where the quotes stand among the marks tells how many lines end before each of them.
        at = np.flatnonzero(letters[marks] == _QUOTE)
        quotes, lines = marks[at], at - np.arange(len(at))
        begins, ends = lines[: len(lines) - len(lines) % 2 : 2], lines[1::2]
        for place in np.flatnonzero(ends - begins >= 2).tolist():
            start = text.rfind(b"\n", 0, int(quotes[2 * place])) + 1
            end = text.find(b"\n", int(quotes[2 * place + 1]))
            begin = line + int(begins[place])
            written = text[start : end if end >= 0 else len(text)].decode("utf-8", "replace")
            check_swallowed(Row(begin, begin, []), written, self._width, self._path, self._separator)


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
