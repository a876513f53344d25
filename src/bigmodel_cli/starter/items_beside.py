"""The table of items that lies beside one of interactions: which it is, and what its columns are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.files import is_table_name
from bigmodel_cli.sources.tables.joined import Join, Keyed, canonical
from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import open_table
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.starter.interactions import is_named_item

Kind = Literal["category", "set", "number", "ignore"]

# So many of the items have to be in it; one is looked for among so many files, none of them larger.
_MOSTLY, _MOST_FILES, _MOST_BYTES = 0.5, 20, 500_000_000
# What stands between words of one cell, where it does so in so many cells, and words come again.
_SEPARATORS, _OFTEN = ("|", ";", ", ", ","), 0.2
# Categories of which most items have one of their own say nothing of others.
_ITEMS_FOR_EACH = 2


@dataclass(frozen=True)
class ItemColumn:
    """A column of a table of items.

    Attributes:
        name: Its name.
        kind: What it is taken for.
        separator: What stands between words, of a set.
    """

    name: str
    kind: Kind
    separator: str | None = None


@dataclass(frozen=True)
class ItemsTable:
    """A table of items.

    Attributes:
        path: It.
        key: What it calls the items.
        columns: Its other ones.
        known: The share of the items that it has.
        alone: How many items it has beside them.
    """

    path: Path
    key: str
    columns: Sequence[ItemColumn]
    known: float
    alone: int


def items_beside(path: Path, item: str, items: Sequence[str]) -> ItemsTable | None:
    """The table that has a row for each item; None: there is none.

    Args:
        path: The table of interactions.
        item: What it calls items.
        items: Their names.
    """
    names = {canonical(name) for name in items}
    for other in _tables_beside(path):
        if found := _items_in(other, item, names):
            return found
    return None


def _tables_beside(path: Path) -> Iterator[Path]:
    others = sorted(other for other in path.parent.iterdir() if other != path and is_table_name(other))
    for other in others[:_MOST_FILES]:
        if other.is_file() and other.stat().st_size <= _MOST_BYTES:
            yield other


def _items_in(path: Path, item: str, names: Collection[str]) -> ItemsTable | None:
    try:
        columns = open_table(path).names
    except DataError:
        return None
    for key in columns:
        if not (key.casefold() in (item.casefold(), "id") or is_named_item(key)):
            continue
        try:
            # A table of something else has a key twice, or a row without one.
            keyed = Keyed.read(Join(item, key, (path,)), TextFormat())
            known = sum(name in keyed.place_of for name in names)
            if known >= _MOSTLY * len(names):
                found = survey(keyed.table, leave_out=[key]).columns.values()
                alone = len(keyed.place_of) - known
                return ItemsTable(path, key, [_column(facts) for facts in found], known / len(names), alone)
        except DataError:
            continue
    return None


def _column(facts: ColumnFacts) -> ItemColumn:
    if separator := _separator(facts):
        return ItemColumn(facts.name, "set", separator)
    if facts.kind == "number":
        return ItemColumn(facts.name, "number")
    is_shared = facts.distinct is not None and facts.distinct <= facts.rows / _ITEMS_FOR_EACH
    if facts.kind == "category" and is_shared:
        return ItemColumn(facts.name, "category")
    return ItemColumn(facts.name, "ignore")


def _separator(facts: ColumnFacts) -> str | None:
    """What stands between the words of cells; None: cells are one word each."""
    if facts.kind != "category":
        return None
    there = sum(count for _, count in facts.categories)
    for separator in _SEPARATORS:
        several = sum(count for text, count in facts.categories if separator in text)
        words = {word.strip() for text, _ in facts.categories for word in text.split(separator)}
        if several >= _OFTEN * there and len(words) < len(facts.categories):
            return separator
    return None
