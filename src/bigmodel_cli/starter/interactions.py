"""Whether a table is one of interactions, who had or rated which item, by its columns' names and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.columns import Values
from bigmodel_cli.sources.tables.facts import ColumnFacts, ColumnKind
from bigmodel_cli.sources.tables.number_kinds import MOMENTS, words_of
from bigmodel_cli.sources.tables.number_look import MOST_NUMBERS
from bigmodel_cli.sources.tables.survey import Survey, survey
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.sources.tables.values import read
from bigmodel_cli.starter.guessed_target import guessed_target, is_surely_target

if TYPE_CHECKING:
    import numpy as np

# What columns of users and of items are called, the likeliest first.
_USERS = (
    "user", "userid", "uid", "username", "customer", "customerid", "reader", "viewer", "listener",
    "member", "reviewer", "borrower", "buyer", "client", "account", "player", "person", "visitor", "session",
)  # fmt: skip
_ITEMS = (
    "item", "itemid", "iid", "product", "productid", "movie", "movieid", "film", "book", "bookid", "isbn",
    "asin", "track", "song", "sku", "article", "game", "recipe", "restaurant", "business", "place", "venue",
    "hotel", "video", "show", "anime", "course", "job", "listing", "podcast", "page", "album", "artist",
    "artistid", "stock",
)  # fmt: skip
_RATINGS = frozenset({"rating", "ratings", "stars", "star", "score", "scores", "rate", "overall"})
# Words beside these that say no more than that there are names.
_OF_NAMES = frozenset({"id", "ids", "nr", "no", "number", "code", "key", "uuid", "guid", "hash", "idx"})
# A user, or an item, that is there once tells nothing of others: so many rows for each there are at least.
_ROWS_FOR_EACH = 1.2
# Where no name says so: so many users and items, so many rows for each, and hardly one with the other twice.
_MANY, _ROWS_FOR_EACH_UNNAMED, _TWICE = 20, 3.0, 0.2
# Of all that could be together.
_SPARSE = 0.5
_MOST_RATINGS = 11


@dataclass(frozen=True)
class Columns:
    """Which columns of a table say what.

    Attributes:
        user: Who.
        item: What.
        rating: How they liked it; None: nothing does.
        time: When; None: nothing does.
    """

    user: str
    item: str
    rating: str | None
    time: str | None

    @property
    def all(self) -> list[str]:
        return [name for name in (self.user, self.item, self.rating, self.time) if name is not None]


@dataclass(frozen=True)
class Interactions:
    """A table of interactions.

    Attributes:
        columns: Which say what.
        facts: Of all columns; users and items are categories.
        num_rows: How many rows there are.
        num_users: How many users.
        items: The names of items.
        again: The share of rows whose user has the item in another row before.
    """

    columns: Columns
    facts: Mapping[str, ColumnFacts]
    num_rows: int
    num_users: int
    items: Sequence[str]
    again: float


def table_of_interactions(paths: Iterable[Path]) -> Path | None:
    """The one of some tables whose columns are called as users and items are; None: none, or several."""
    found = []
    for path in paths:
        try:
            names = open_table(path).names
        except DataError:
            continue
        if _called(names, _USERS) and _called(names, _ITEMS):
            found.append(path)
    return found[0] if len(found) == 1 else None


def is_named_item(name: str) -> bool:
    """Whether a column is called as items are."""
    return _rank(name, _ITEMS) is not None


def interactions_in(table: Table, surveyed: Survey, told: str | None) -> Interactions | None:
    """What interactions a table has; None: it is no table of such.

    Args:
        table: It, opened.
        surveyed: What its columns are.
        told: The column that the person wants to be predicted: the items, or their ratings.

    Raises:
        DataError: If a row cannot be read.
    """
    columns = _columns(surveyed)
    if columns is None or (told is not None and told not in (columns.item, columns.rating)):
        return None
    are_named = _is_named(columns.user, _USERS) and _is_named(columns.item, _ITEMS)
    if told is None and (guess := guessed_target(surveyed.columns)) and is_surely_target(guess.name):
        return None
    if not are_named and told is None and not {*surveyed.columns} <= {*columns.all, *_idle(surveyed)}:
        return None
    try:
        surveyed_names, cells = _names_in(table, columns, [*surveyed.columns])
    except DataError:
        if are_named:
            raise
        return None
    users, items = cells[columns.user], cells[columns.item]
    users_of, items_of = users.codes, items.codes  # type: ignore[union-attr]
    there = (users_of >= 0) & (items_of >= 0)
    found = Interactions(
        columns,
        {**surveyed.columns, **surveyed_names},
        surveyed.num_rows,
        _different(users_of),
        [items.names[code] for code in sorted({*items_of[items_of >= 0].tolist()})],  # type: ignore[union-attr]
        _again(users_of[there], items_of[there]),
    )
    return found if _are_interactions(found, are_named=are_named) else None


def _names_in(
    table: Table, columns: Columns, all_columns: Sequence[str]
) -> tuple[Mapping[str, ColumnFacts], Mapping[str, Values]]:
    """Users and items as names, whatever they look like; what they are, and the cells.

    Raises:
        DataError: If there are too many different ones.
    """
    told: dict[str, ColumnKind] = {columns.user: "category", columns.item: "category"}
    names = survey(table, told, leave_out=[name for name in all_columns if name not in told], keep=True)
    return names.columns, read(table, names.columns, names.kept)


def _are_interactions(found: Interactions, *, are_named: bool) -> bool:
    rows, users, items = found.num_rows, found.num_users, len(found.items)
    if min(users, items) < 2:
        return False
    if are_named:
        return rows >= _ROWS_FOR_EACH * max(users, items)
    return (
        min(users, items) >= _MANY
        and rows >= _ROWS_FOR_EACH_UNNAMED * max(users, items)
        and found.again <= _TWICE
        and rows * (1 - found.again) <= _SPARSE * users * items
    )


def _columns(surveyed: Survey) -> Columns | None:
    """Which columns may say what, by names first."""
    facts = surveyed.columns
    rating = next((name for name in facts if _is_rating(facts[name])), None)
    time = next((name for name in facts if facts[name].kind == "date" and not facts[name].missing), None)
    if time is None:
        # Moments before 2000 are numbers like others.
        time = next((name for name in facts if _is_counted_time(facts[name])), None)
    may_be = [name for name in facts if name not in (rating, time) and _may_be_names(facts[name])]
    user, item = _called(may_be, _USERS), _called(may_be, _ITEMS)
    others = [name for name in may_be if name not in (user, item) and _surely_names(facts[name])]
    if user is None and others:
        user = others.pop(0)
    if item is None and others:
        item = others.pop(0)
    if user is None or item is None:
        return None
    if rating is None:
        left = [name for name in facts if name not in (user, item, time)]
        rating = next((name for name in left if len(left) == 1 and _may_be_rating(facts[name])), None)
    return Columns(user, item, rating, time)


def _called(names: Iterable[str], words: Sequence[str]) -> str | None:
    """The column that is called by the likeliest of some words."""
    ranks = [(rank, name) for name in names if (rank := _rank(name, words)) is not None]
    return min(ranks, key=lambda pair: pair[0])[1] if ranks else None


def _rank(name: str, words: Sequence[str]) -> int | None:
    left = words_of(name) - _OF_NAMES
    (word,) = left if len(left) == 1 else ("",)
    singular = word.removesuffix("s")
    return next((rank for rank, one in enumerate(words) if one in (word, singular)), None)


def _is_named(name: str, words: Sequence[str]) -> bool:
    return _rank(name, words) is not None


def _is_rating(facts: ColumnFacts) -> bool:
    return bool(words_of(facts.name) & _RATINGS) and _is_quantity(facts)


def _may_be_rating(facts: ColumnFacts) -> bool:
    return _is_quantity(facts) and facts.distinct is not None and facts.distinct <= _MOST_RATINGS


def _is_quantity(facts: ColumnFacts) -> bool:
    return facts.kind == "number" and facts.distinct != 1


def _is_counted_time(facts: ColumnFacts) -> bool:
    is_called = bool(words_of(facts.name) & MOMENTS)
    return is_called and facts.kind == "number" and not facts.missing


def _may_be_names(facts: ColumnFacts) -> bool:
    return facts.kind in ("category", "text") or (facts.kind == "number" and facts.is_whole)


def _surely_names(facts: ColumnFacts) -> bool:
    """Whether the cells of a column are names, whatever it is called."""
    many_numbers = facts.kind == "number" and facts.is_whole and facts.distinct is None
    return facts.kind == "category" or (many_numbers and (facts.high or 0) > MOST_NUMBERS)


def _idle(surveyed: Survey) -> list[str]:
    return [name for name, facts in surveyed.columns.items() if facts.kind in ("id", "constant")]


def _different(codes: np.ndarray) -> int:
    import numpy as np

    return len(np.unique(codes[codes >= 0]))


def _again(users: np.ndarray, items: np.ndarray) -> float:
    """The share of rows that a row before has as well."""
    import numpy as np

    pairs = users.astype(np.int64) * (int(items.max(initial=0)) + 1) + items
    return 1 - len(np.unique(pairs)) / len(pairs) if len(pairs) else 0.0
