"""How texts are written: in which scripts, of which words, and what of their origin is left in them."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

# How many of a script's letters tell it; what more there is of a text is looked at no more.
_LETTERS = 200
_WORD = re.compile(r"\w+")
# Names of HTML alone: people write <3, <unknown> and e-mail addresses in such brackets, too.
_TAGS = (
    "a|abbr|article|b|blockquote|body|br|button|center|code|div|em|font|footer|form|h[1-6]|head|header|hr|html|i|"
    "iframe|img|input|li|link|meta|nav|ol|option|p|pre|script|section|small|span|strong|style|sub|sup|table|tbody|"
    "td|textarea|th|thead|title|tr|u|ul"
)
_TAG = re.compile(rf"</?(?:{_TAGS})(?:\s+[a-z:-]+\s*=[^<>]*|\s*)/?>|<!--|<!doctype", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
# UTF-8 that was read as Windows' code page 1252: a first byte's letter, then one of a following byte.
_MOJIBAKE = re.compile("[ÂÃ][\u0080-\u00bf]|â[€‚„†‡ˆ‰‹\u0080-\u009f][\u0080-\u00bf™œž\u201c-\u201d¦“”]|ðŸ")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Characters that make a terminal or a browser show another text than there is.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")

LEFTOVERS: Mapping[str, str] = {
    "markup": "HTML tags",
    "entities": "HTML entities such as &amp;",
    "mojibake": "letters that were read in a wrong encoding, such as Ã© for é",
    "replaced": "U+FFFD, which stands for letters that could not be read",
    "control": "control characters",
    "direction": "characters that turn the direction of writing",
}


def leftovers(text: str) -> list[str]:
    """What in a text looks as if it came from somewhere else, by the keys of `LEFTOVERS`."""
    found = {
        "markup": _TAG.search(text) is not None,
        "entities": any(html.unescape(one.group()) != one.group() for one in _ENTITY.finditer(text)),
        "mojibake": _MOJIBAKE.search(text) is not None,
        "replaced": "\N{REPLACEMENT CHARACTER}" in text,
        "control": _CONTROL.search(text) is not None,
        "direction": _TURNS.search(text) is not None,
    }
    return [name for name, is_there in found.items() if is_there]


def script(text: str) -> str | None:
    """The script that most letters of a text are in, as Unicode names it; None of a text without letters.

    >>> script("Привет, Bob"), script("你好"), script(":)")
    ('Cyrillic', 'Cjk', None)
    """
    letters = [character for character in text if character.isalpha()][:_LETTERS]
    counts = Counter(_script_of(letter) for letter in letters)
    return counts.most_common(1)[0][0] if counts else None


_known: dict[str, str] = {}


def _script_of(letter: str) -> str:
    if letter not in _known:
        _known[letter] = unicodedata.name(letter, "other").split()[0].split("-")[0].capitalize()
    return _known[letter]


def words(text: str) -> list[str]:
    """The words of a text in small letters."""
    return _WORD.findall(text.casefold())


def new_words(texts: Iterable[str], known: set[str]) -> tuple[int, int]:
    """How many words of texts are none of the known ones, and how many there are."""
    unknown = total = 0
    for text in texts:
        of_text = words(text)
        total += len(of_text)
        unknown += sum(word not in known for word in of_text)
    return unknown, total


def vocabulary(texts: Sequence[str]) -> set[str]:
    """All words of texts."""
    return {word for text in texts for word in words(text)}
