"""Spans of words, and the schemes by which tags say where they are. `predict` starts with it at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

# What a word has that is in no span.
OUTSIDE = "O"
Scheme = Literal["bio", "bioes", "words"]
# As files have them: iob1 writes B only where a span follows another of its type, bilou calls E and S
# otherwise, io has I alone.
Written = Literal["bio", "iob1", "io", "bioes", "bilou", "words"]
_SAME: dict[str, str] = {"L": "E", "U": "S"}
_LETTERS = frozenset("BIESLU")


class Span(NamedTuple):
    """Words that are one thing.

    Attributes:
        type: Of what type.
        first: The place of the first word.
        stop: The place behind the last one.
    """

    type: str
    first: int
    stop: int


def parted(tag: str) -> tuple[str, str]:
    """A tag's letter and type: `B-person` is ("B", "person"), `O` is ("O", "")."""
    letter, _, of = tag.partition("-")
    return letter, of


def spans_of(tags: Sequence[str]) -> list[Span]:
    """The spans that tags say, whatever scheme they are of, as conlleval and seqeval read them.

    >>> spans_of(["B-a", "I-a", "I-b", "O", "I-a"])
    [Span(type='a', first=0, stop=2), Span(type='b', first=2, stop=3), Span(type='a', first=4, stop=5)]
    """
    found: list[Span] = []
    first, before, of = 0, OUTSIDE, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        letter, type_ = parted(tag)
        letter = _SAME.get(letter, letter)
        goes_on = letter in "IE" and before in "BI" and type_ == of
        if before != OUTSIDE and not goes_on:
            found.append(Span(of, first, place))
        if letter != OUTSIDE and not goes_on:
            first = place
        before, of = letter, type_
    return found


def tags_of(spans: Iterable[Span], length: int, scheme: Scheme) -> list[str]:
    """Tags of a scheme that say some spans, which do not overlap."""
    tags = [OUTSIDE] * length
    for type_, first, stop in spans:
        tags[first] = f"B-{type_}"
        for place in range(first + 1, stop):
            tags[place] = f"I-{type_}"
        if scheme == "bioes":
            tags[stop - 1] = f"{'S' if stop == first + 1 else 'E'}-{type_}"
    return tags


def all_tags(types: Iterable[str], scheme: Scheme) -> tuple[str, ...]:
    """Every tag that there is of some types, `O` first."""
    letters = "BI" if scheme == "bio" else "BIES"
    return (OUTSIDE, *(f"{letter}-{type_}" for type_ in sorted(types) for letter in letters))


def may_follow(before: str | None, tag: str | None, scheme: Scheme) -> bool:
    """Whether a tag may stand behind another; None is the beginning, or the end, of a sentence."""
    if scheme == "words":
        return True
    last, of = parted(before or OUTSIDE)
    letter, type_ = parted(tag or OUTSIDE)
    if scheme == "bio":
        return letter != "I" or (last in "BI" and of == type_)
    is_open = last in "BI"
    return (letter in "IE" and of == type_) if is_open else letter in "OBS"


def recognised(sentences: Iterable[Sequence[str]]) -> Written:
    """The scheme that tags are of, by which of them there are and where they stand."""
    letters: Counter[str] = Counter()
    begun_by_i = begun_by_b = needless = 0
    for tags in sentences:
        before = OUTSIDE
        for tag in tags:
            letter, type_ = parted(tag)
            if tag != OUTSIDE and (letter not in _LETTERS or not type_):
                return "words"
            letters[letter] += 1
            follows = before != OUTSIDE and parted(before)[1] == type_
            begun_by_i += letter == "I" and not follows
            begun_by_b += letter == "B"
            needless += letter == "B" and not follows
            before = tag
    if letters["L"] or letters["U"]:
        return "bilou"
    if letters["E"] or letters["S"]:
        return "bioes"
    if begun_by_i and not needless:
        return "iob1" if begun_by_b else "io"
    return "bio"


def badly_begun(tags: Sequence[str]) -> Iterator[int]:
    """The places of words whose tag goes on with a span that has not begun, where tags are BIO."""
    for place, tag in enumerate(tags):
        if not may_follow(tags[place - 1] if place else None, tag, "bio"):
            yield place
