"""What columns whose cells are all numbers are: numbers, codes, moments or ids; and why, in words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

from bigmodel_cli.sources.tables import dates
from bigmodel_cli.sources.tables.facts import FEW_ROWS, FEW_VALUES, ColumnFacts, ColumnKind, most_frequent
from bigmodel_cli.sources.tables.missing import marks_note
from bigmodel_cli.sources.tables.number_look import MOST_NUMBERS, Numbers, are_days
from bigmodel_cli.sources.tables.numbers import Notation, parse
from bigmodel_cli.sources.tables.text_look import TextLook

# Words in the name of a column that say that its numbers are names, moments, or one of its own for each row.
_CODES = frozenset({
    "code", "codes", "zip", "zipcode", "postcode", "postal", "plz",
    "category", "class", "type", "cluster", "group", "label", "labels",
})  # fmt: skip
MOMENTS = frozenset(
    {"timestamp", "timestamps", "time", "date", "datetime", "day", "created", "updated", "ts"}
)
_IDS = frozenset({"id", "ids", "uid", "uuid", "guid", "key", "index", "idx", "rowid", "nr", "no", "number"})
# Float32, in which numbers are kept, has 24 bits.
_EXACT = 1 << 24


def decided_numbers(name: str, found: Numbers, told: ColumnKind | None = None) -> ColumnFacts:
    """The kind of a column whose cells are all numbers.

    Args:
        name: The column's.
        found: What was seen.
        told: The kind that it is said to be.
    """
    categories = most_frequent(found.counter or {}, found.marks)
    distinct = None if found.counter is None else len(categories)
    if found.values == 0:
        return ColumnFacts(
            name, told or "constant", "no row has a value", found.rows, found.rows, found.marks, 0
        )
    kind, reason = (told, "as told") if told else _kind_of_numbers(name, found, distinct)
    is_moment = kind == "date"
    form = format_of_moments(name, found, is_told=told == "date") if is_moment else None
    scale = 0 if form == dates.DIGITS else dates.MICROSECONDS.get(form or "", 1)
    return ColumnFacts(
        name=name,
        kind=kind,
        reason=reason,
        rows=found.rows,
        missing=found.rows - found.values,
        marks=dict(found.marks),
        distinct=distinct,
        categories=categories if found.is_whole or kind == "category" else (),
        low=found.low * scale if scale else None,
        high=found.high * scale if scale else None,
        is_whole=found.is_whole,
        notation=found.notation,
        date_format=form,
        notes=_notes_on_numbers(found, kind),
    )


def _kind_of_numbers(name: str, found: Numbers, distinct: int | None) -> tuple[ColumnKind, str]:
    words = words_of(name)
    shown = _range(found)
    if distinct == 1 and not found.marks:
        return "constant", f"every row has {_number(found.low)}"
    if found.is_whole and found.is_unique and found.values >= FEW_ROWS:
        is_counted = found.low in (0, 1) and found.high - found.low + 1 == found.values
        if is_counted or (words & _IDS and not words & MOMENTS):
            return "id", f"whole numbers, one of its own for each row ({shown})"
    if form := format_of_moments(name, found):
        return "date", f"whole numbers that are {form}, as the name says"
    if found.is_whole and distinct is not None:
        return _kind_of_few(found, distinct, words)
    many = f"more than {MOST_NUMBERS:,}" if distinct is None else f"{distinct:,}"
    return "number", f"{'whole ' if found.is_whole else ''}numbers, {shown}, {many} different ones"


def _kind_of_few(found: Numbers, distinct: int, words: frozenset[str]) -> tuple[ColumnKind, str]:
    """Whole numbers, of which there are not too many different ones to be names of something."""
    shown = _range(found)
    if distinct == 2 and (found.low, found.high) != (0, 1):
        return "category", f"two different whole numbers, {shown}"
    if words & _CODES and distinct <= found.values / 2:
        return "category", f"{distinct:,} different whole numbers, {shown}, which are codes, as the name says"
    if 2 < distinct <= FEW_VALUES:
        return "number", f"whole numbers, {shown}, {distinct} different ones; `category` if they are codes"
    return "number", f"whole numbers, {shown}, {distinct:,} different ones"


def format_of_moments(name: str, found: Numbers, *, is_told: bool = False) -> str | None:
    """What numbers are as moments, where the column's name or a person says that they are; None: none."""
    if not found.is_whole or not found.values or not (is_told or words_of(name) & MOMENTS):
        return None
    if found.are_days:
        return dates.DIGITS
    # From 2000 to 2100; before that only where a person says so.
    for form, scale in ((dates.SECONDS, 1), (dates.MILLISECONDS, 1000)):
        if (0 if is_told else 946_684_800) * scale <= found.low and found.high <= 4_102_444_800 * scale:
            return form
    return None


def _notes_on_numbers(found: Numbers, kind: ColumnKind) -> list[str]:
    notes = []
    if found.notation != Notation():
        notes.append(f"read {found.notation.described}")
    if kind == "number" and found.is_whole and max(abs(found.low), abs(found.high)) > _EXACT:
        notes.append("float32, in which numbers are kept, rounds whole numbers of more than 7 digits")
    if marks := {mark: count for mark, count in found.marks.items() if mark}:
        notes.append(marks_note(marks))
    return notes


def numbers_of_texts(look: TextLook, notation: Notation, missing: Mapping[str, int]) -> Numbers | None:
    """What is known of a column that was looked at text by text and is all numbers; None: too many to say."""
    import numpy as np

    if look.counter is None:
        return None
    parsed = [parse(text, notation) for text, _ in most_frequent(look.counter, missing)]
    found = [value for value in parsed if value is not None]
    return Numbers(
        rows=look.rows,
        marks=Counter(missing),
        low=min(found, default=math.inf),
        high=max(found, default=-math.inf),
        is_whole=all(value.is_integer() for value in found),
        # Two texts may be one number.
        is_unique=not missing and look.rows == len({*found}),
        counter=look.counter if len(look.counter) <= MOST_NUMBERS else None,
        notation=notation,
        are_days=are_days(np.array(found, np.float64)),
    )


def words_of(name: str) -> frozenset[str]:
    """The words in a column's name, in lower case.

    >>> sorted(words_of("userId_2")), sorted(words_of("Zip code"))
    (['2', 'id', 'user'], ['code', 'zip'])
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return frozenset(Counter(re.findall(r"[^\W_]+", apart.casefold())))


def _range(found: Numbers) -> str:
    return f"{_number(found.low)} to {_number(found.high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
