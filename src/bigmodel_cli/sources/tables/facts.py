"""What is known of a column when all of its cells have been looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bigmodel_cli.sources.tables.numbers import PLAIN, Notation

ColumnKind = Literal["number", "category", "date", "text", "image", "id", "constant", "list", "array"]
# Below so many rows nothing is told from values that are all different.
FEW_ROWS = 10
# So many different values may be a list that was chosen from.
FEW_VALUES = 20


@dataclass(frozen=True)
class ColumnFacts:
    """A column as its cells are, all of them.

    Attributes:
        name: What it is called.
        kind: What its cells are.
        reason: Why, in words.
        rows: How many cells there are.
        missing: How many of them have no value.
        marks: How many have which text that means so; an empty cell is "".
        distinct: How many different values there are; None where they are more than were counted.
        categories: The different values with how many cells have each, the most frequent ones first; empty
            where they are too many, or numbers with a fraction.
        low: The smallest number, or moment (microseconds since 1970, UTC); None where there is neither.
        high: The largest one.
        is_whole: Whether all numbers are whole.
        notation: How its numbers are written.
        date_format: How its dates are written.
        length: Of its lists of numbers.
        is_exact: Whether its numbers are read as float64: moments, of which float32 takes minutes for one.
        notes: What a person should know of it.
    """

    name: str
    kind: ColumnKind
    reason: str
    rows: int
    missing: int = 0
    marks: Mapping[str, int] = field(default_factory=dict)
    distinct: int | None = None
    categories: Sequence[tuple[str, int]] = ()
    low: float | None = None
    high: float | None = None
    is_whole: bool = False
    notation: Notation = PLAIN
    date_format: str | None = None
    length: int | None = None
    is_exact: bool = False
    notes: Sequence[str] = ()


def most_frequent(counter: Mapping[str, int], without: Mapping[str, int]) -> list[tuple[str, int]]:
    """Texts by how many cells have them, then by name."""
    found = [(text, count) for text, count in counter.items() if text and text not in without]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))
