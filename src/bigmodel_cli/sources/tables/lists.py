"""Columns of lists of texts, which Parquet and JSON lines have: the labels of an example that has several.

On its way through blocks a list is one text, in which a character that no text has ends each item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.cells import Cells, Use
from bigmodel_cli.sources.tables.columns import Kept
from bigmodel_cli.sources.tables.facts import ColumnFacts, ColumnKind, most_frequent
from bigmodel_cli.sources.tables.names import shown

# So many different items are counted.
MOST_ITEMS = 100_000
_END = "\1"


def as_text(items: Iterable[str]) -> str:
    """A list as one text; what is empty is no item.

    >>> items_of(as_text(["a", " b ", ""])), items_of(as_text([]))
    (['a', 'b'], [])
    """
    stripped = (item.replace(_END, " ").strip() for item in items)
    return "".join(item + _END for item in stripped if item) or _END


def items_of(text: str) -> list[str]:
    """The items of a list that is a text."""
    return [item for item in text.split(_END) if item]


class ListLook:
    """A column whose cells are lists: its different items, and how often there is none."""

    def __init__(self) -> None:
        self.rows = self._missing = self._items = 0
        self._counter: Counter[str] = Counter()

    use: Use = "any"

    def glance(self, cells: Cells) -> Mapping[str, int]:
        """How many cells of a block have which list, in any thread."""
        texts, counts = cells.counts()
        return dict(zip(texts, counts.tolist(), strict=True))

    def take(self, counts: Mapping[str, int]) -> None:
        """Take a block."""
        for text, count in counts.items():
            self.rows += count
            self._missing += 0 if text else count
            for item in items_of(text):
                self._items += count
                self._counter[item] += count

    def kept(self) -> Kept:
        """Lists are read again."""
        return Kept()

    def facts(self, name: str, path: Path, told: ColumnKind | None) -> ColumnFacts:
        """What is known of the column.

        Raises:
            DataError: If there are too many different items.
        """
        if len(self._counter) > MOST_ITEMS:
            raise DataError(
                f"{path}, {shown(name)}: more than {MOST_ITEMS:,} different texts in its lists",
                hint="leave the column out",
            )
        many = f"{len(self._counter):,} different ones"
        each = self._items / max(1, self.rows - self._missing)
        return ColumnFacts(
            name=name,
            kind="list",
            reason="as told" if told else f"lists of texts, {many}, {each:.1f} in each on average",
            rows=self.rows,
            missing=self._missing,
            marks={"": self._missing} if self._missing else {},
            distinct=len(self._counter),
            categories=most_frequent(self._counter, {}),
        )


def check_told(path: Path, name: str, told: ColumnKind | None, lists: frozenset[str]) -> None:
    """Refuse a kind that a column of lists cannot have, and lists where there are none.

    Raises:
        DataError: Naming the column.
    """
    if told not in (None, "array") and (told == "list") is not (name in lists):
        expected, found = ("lists", "single values") if told == "list" else (f"a {told}", "lists")
        raise DataError(
            f"{path}, {shown(name)}: expected {expected}, found {found}",
            hint="list is the kind of columns of lists in Parquet and JSON lines, and of no others",
        )
