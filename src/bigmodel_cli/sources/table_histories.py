"""Columns that are made of earlier rows of a table: what a row's user had before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import EarlierRows
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.tables.columns import Categories, Dates, Lists
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.numbers import parse
from bigmodel_cli.sources.tables.survey import survey
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.sources.tables.values import read

if TYPE_CHECKING:
    import numpy as np


def histories(opened: Mapping[SplitName, Table], made: EarlierRows) -> dict[SplitName, Lists]:
    """What each row's user had before it, for the rows of each split.

    Which rows are earlier is decided over the rows of all splits together: those of one see what came before
    them in another. A row's own value is never in its history, nor a later one; of rows of one moment those
    that stand above are earlier. Rows without a user have no history and are in none.

    Args:
        opened: The table of each split.
        made: Of which columns, as the table's files call them.

    Raises:
        DataError: If a row has no time, or nothing says which of two times is earlier.
    """
    import numpy as np

    first = next(iter(opened.values()))
    time = None if made.time is None else _time_facts(first, made.time)
    names: dict[str, int] = {}
    users: dict[str, int] = {}
    parts = [_read(table, made, time, names, users) for table in opened.values()]
    items, by, moments = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    counts, found = _before(items, by, moments, made.length)
    ends = np.cumsum([0, *(len(part[0]) for part in parts)])
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return {
        split: Lists(
            found[offsets[start] : offsets[stop]],
            offsets[start : stop + 1] - offsets[start],
            np.zeros(stop - start, bool),
            tuple(names),
            are_whole=True,
        )
        for split, start, stop in zip(opened, ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    }


def _time_facts(table: Table, name: str) -> ColumnFacts:
    """What is known of the column that orders rows."""
    return survey(table, leave_out=[other for other in table.names if other != name]).columns[name]


def _read(
    table: Table,
    made: EarlierRows,
    time: ColumnFacts | None,
    names: dict[str, int],
    users: dict[str, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Items and users of a table's rows by their places among all that there are, -1 for none; moments."""
    import numpy as np

    # As they are written, whatever else the columns are: two ids are never one for being large numbers.
    wanted = {name: ColumnFacts(name, "category", reason="names rows", rows=0) for name in (made.of, made.by)}
    if time is not None:
        is_date = time.kind == "date"
        wanted[time.name] = time if is_date else replace(time, kind="category", categories=())
    found = read(table, wanted)
    items, by = (_places(found[name], places) for name, places in ((made.of, names), (made.by, users)))
    moments = np.zeros(len(items)) if time is None else _moments(table, time, found[time.name])
    return items, by, moments


def _places(values: object, place_of: dict[str, int]) -> np.ndarray:
    import numpy as np

    assert isinstance(values, Categories)
    places = [place_of.setdefault(name, len(place_of)) for name in values.names]
    found: np.ndarray = np.array([*places, -1], np.int32)[values.codes]
    return found


def _moments(table: Table, time: ColumnFacts, values: object) -> np.ndarray:
    """Numbers, float64, of which a larger one is later.

    Raises:
        DataError: If a row has none, or the column has neither numbers nor dates.
    """
    import numpy as np

    if isinstance(values, Dates):
        is_missing = np.isnat(values.values)
        moments = values.values.astype(np.int64).astype(np.float64)
    else:
        assert isinstance(values, Categories)
        numbers = [parse(text, time.notation) for text in values.names]
        if None in numbers:
            raise DataError(
                f"{table.files[0].path}, {shown(time.name)}: {time.reason}, and none is earlier than another",
                hint="name a column of numbers or dates, or leave time out where rows stand in order",
            )
        is_missing = values.codes < 0
        moments = np.array([*numbers, 0.0], np.float64)[values.codes]
    if is_missing.any():
        row, count = int(is_missing.argmax()), int(is_missing.sum())
        more = f" ({count:,} such rows)" if count > 1 else ""
        raise DataError(
            f"{table.place(row)}: no {time.name}, by which histories are ordered{more}",
            hint="give these rows a value, or leave them out",
        )
    return moments


def _before(
    items: np.ndarray, users: np.ndarray, moments: np.ndarray, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """The last items of each row's user before it.

    Returns:
        How many each row has, and them, row by row, the earliest first.
    """
    import numpy as np

    order = np.lexsort((np.arange(len(items)), moments, users))
    # Of the rows in order: how many items stand before each, and how many before the first of its user.
    has_item = (items[order] >= 0) & (users[order] >= 0)
    before: np.ndarray = np.cumsum(has_item) - has_item
    is_first = np.ones(len(order), bool)
    is_first[1:] = users[order][1:] != users[order][:-1]
    begin = np.maximum.accumulate(np.where(is_first, before, 0))
    sorted_counts = np.where(users[order] >= 0, np.minimum(before - begin, length), 0)
    counts, ends = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    counts[order], ends[order] = sorted_counts, before
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    return counts, items[order][has_item][np.repeat(ends - counts, counts) + within]
