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
# So many letters processors keep at hand: several small passes are much faster than one over all letters.
_PIECE = 1 << 19


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
        if not self._has_quotes or b'"' not in text:
            return True, text.rfind(b"\n") + 1
        if not _are_regular(text, ord(self._separator)):
            return False, self._end_by_rows(text, line, is_last)
        end = end_by_count(text)
        if is_last and end < len(text):
            begins = line + text.count(b"\n", 0, text.rfind(b'"'))
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


def count(text: bytes, letter: int) -> int:
    """How often a letter is in a text: where it is there often, much faster than `bytes.count`."""
    import numpy as np

    letters = np.frombuffer(text, np.uint8)
    starts = range(0, len(text), _PIECE)
    return sum(int(np.count_nonzero(letters[start : start + _PIECE] == letter)) for start in starts)


def end_by_count(text: bytes, *, is_inside: bool = False) -> int:
    """The end of the last line that has an even number of quotes before it; 0 where there is none.

    Args:
        text: Some.
        is_inside: Whether it begins within quotes.
    """
    place, end = text.rfind(b"\n"), len(text)
    is_inside ^= count(text, _QUOTE) % 2 == 1
    while place >= 0:
        is_inside ^= text.count(b'"', place, end) % 2 == 1
        if not is_inside:
            return place + 1
        opened = text.rfind(b'"', 0, place)
        # It may stand before the text.
        end, place = place, text.rfind(b"\n", 0, opened) if opened >= 0 else -1
    return 0


def _are_regular(text: bytes, separator: int) -> bool:
    """Whether quotes, taken in turn as opening and closing, all stand at the ends of cells.

    A quote that belongs to a cell is written twice, which closes and opens in one place.
    """
    import numpy as np

    letters = np.frombuffer(text, np.uint8)
    start, is_inside = 0, False
    while start < len(text):
        # What ends with a line has no quote there, and what follows it begins a cell or belongs to one.
        stop = text.find(b"\n", start + _PIECE) + 1 or len(text)
        is_regular, is_inside = _is_regular(letters[start:stop], separator, is_inside=is_inside)
        if not is_regular:
            return False
        start = stop
    return True


def _is_regular(letters: np.ndarray, separator: int, *, is_inside: bool) -> tuple[bool, bool]:
    """The same of a piece that may begin within quotes, and whether it ends within some."""
    import numpy as np

    quotes = _bits(letters == _QUOTE)
    beside = quotes | _bits((letters == separator) | (letters == _NEWLINE))
    # Whether the number of quotes up to each letter is odd: first within 64 letters, then of all.
    is_odd = quotes.copy()
    for distance in (1, 2, 4, 8, 16, 32):
        is_odd ^= is_odd << distance
    is_odd[1:] ^= -np.bitwise_xor.accumulate(is_odd >> 63)[:-1]
    is_odd = ~is_odd if is_inside else is_odd
    before, after = beside << 1, beside >> 1
    before[1:] |= beside[:-1] >> 63
    after[:-1] |= beside[1:] << 63
    # Nothing stands before the first letter, and nothing behind the last one.
    before[0] |= 1
    after[-1] |= 1 << (len(letters) - 1) % 64
    is_wrong = (quotes & (is_odd & ~before | ~is_odd & ~after)).any()
    return not is_wrong, bool(is_odd[-1] >> 63)


def _bits(condition: np.ndarray) -> np.ndarray:
    """Truth values, 64 in a word, of which the lowest bit is the first one (uint64)."""
    import numpy as np

    packed = np.packbits(condition, bitorder="little")
    bits = np.zeros(-(-len(packed) // 8) * 8, np.uint8)
    bits[: len(packed)] = packed
    return bits.view("<u8")
