"""The words of a text, and where they stand in it. `predict` starts with it at once."""

from __future__ import annotations

import re
from typing import NamedTuple

# Addresses, @names and #tags whole; numbers with what stands between their digits; words with inner hyphens
# and n't; what is left of 's, 'm, 're, 've, 'll and 'd; marks of one sort in a row; any other sign by itself.
_WORDS = re.compile(
    r"""https?://\S+ | www\.\S+ | [@#]\w+ | \d+(?:[.,:/]\d+)+ | ['’](?:s|m|re|ve|ll|d)\b
      | \w+(?:[-.]\w+)*(?:['’]t\b)? | ([^\w\s])\1*""",
    re.VERBOSE | re.IGNORECASE,
)
# Letters and digits in a row, or one sign: nothing that an answer may be cut at stands inside.
_PARTS = re.compile(r"\w+|[^\w\s]")


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        text: It.
        start: Where its first character stands in the text, from 0.
    """

    text: str
    start: int


def words_in(text: str) -> list[Word]:
    """The words of a text, marks among them.

    >>> [word.text for word in words_in("It's 5.30 in St. John's, isn't it?! @bob...")]
    ['It', "'s", '5.30', 'in', 'St', '.', 'John', "'s", ',', "isn't", 'it', '?', '!', '@bob', '...']
    """
    return [Word(found.group(), found.start()) for found in _WORDS.finditer(text)]


class Piece(NamedTuple):
    """A part of a text.

    Attributes:
        text: It.
        start: Where it begins in the whole.
        words: Its words, whose places count from its own beginning.
    """

    text: str
    start: int
    words: list[Word]


def pieces_of(text: str, most: int) -> list[Piece]:
    """A text in pieces of so many words at most, which end with a line or a sentence where that can be.

    Lines without a word are in none.
    """
    found, line_start = [], 0
    for line in text.split("\n"):
        words = words_in(line)
        while words:
            count = len(words) if len(words) <= most else _end_of_piece(words[:most])
            taken, words = words[:count], words[count:]
            first, last = taken[0].start, taken[-1].start + len(taken[-1].text)
            own = [Word(word.text, word.start - first) for word in taken]
            found.append(Piece(line[first:last], line_start + first, own))
        line_start += len(line) + 1
    return found


def _end_of_piece(words: list[Word]) -> int:
    """Behind which word a piece ends: behind a sentence's last one, else where there is no room for more."""
    ends = [number for number, word in enumerate(words, 1) if word.text[0] in ".!?…"]
    return ends[-1] if ends else len(words)


def parts_in(text: str) -> list[Word]:
    """The words of a text, of which each sign is one, hyphens and points inside of words too.

    >>> [word.text for word in parts_in("It's 1990s-era U.S. money ($5.3).")]
    ['It', "'", 's', '1990s', '-', 'era', 'U', '.', 'S', '.', 'money', '(', '$', '5', '.', '3', ')', '.']
    """
    return [Word(found.group(), found.start()) for found in _PARTS.finditer(text)]


def window_starts(count: int, length: int, stride: int) -> list[int]:
    """Where windows of so many words begin, so that each word of a text is in one; there is always one.

    >>> window_starts(300, 256, 128), window_starts(600, 256, 128), window_starts(0, 256, 128)
    ([0, 44], [0, 128, 256, 344], [0])
    """
    last = max(0, count - length)
    return [*range(0, last, stride), last]
