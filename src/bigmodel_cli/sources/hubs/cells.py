"""Columns that are cells of a table here: one number, word, text or moment for each example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import class_called, part_of
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.beside import column_of_splits
from bigmodel_cli.sources.hubs.column_types import Texts
from bigmodel_cli.sources.hubs.columns import Column, Unfit
from bigmodel_cli.sources.stores import ArrayStore, CodedStore, Store
from bigmodel_cli.sources.tables import columns as tables
from bigmodel_cli.sources.tables.cells import ListCells
from bigmodel_cli.sources.tables.facts import FEW_ROWS, ColumnFacts
from bigmodel_cli.sources.tables.number_kinds import decided_numbers
from bigmodel_cli.sources.tables.number_look import MOST_NUMBERS
from bigmodel_cli.sources.tables.number_look import Numbers as SeenNumbers
from bigmodel_cli.sources.tables.numbers import PLAIN
from bigmodel_cli.sources.tables.text_kinds import decided_texts
from bigmodel_cli.sources.tables.text_look import TextLook

if TYPE_CHECKING:
    import numpy as np

CellKind = Literal["number", "category", "text", "date"]


@dataclass(frozen=True)
class CellColumn:
    """A column as the model takes it.

    Attributes:
        kind: What it is.
        stores: Its values by split.
    """

    kind: Kind
    stores: Mapping[SplitName, Store]


def cell_column(
    name: str, cells: Mapping[SplitName, Any], told: CellKind | None, *, is_asked_for: bool
) -> CellColumn:
    """A column of which all cells are known, by the rules that tables have.

    Args:
        name: What it is called.
        cells: By split: float64 with NaN, datetime64[us] with NaT, or texts with "" for what is missing.
        told: The kind that it is said to be.
        is_asked_for: Whether it is an input whatever it is.

    Raises:
        Unfit: If it is an id, always the same, or cannot be what it is said to be.
    """
    facts = _facts(name, next(iter(cells.values())), told)
    if facts.kind in ("id", "constant") and not is_asked_for:
        raise Unfit(facts.reason)
    kind_name = _as_kind(facts)
    learnt = class_called("kinds", kind_name, "cells", "Cells").learnt(facts, {})
    return CellColumn(
        learnt, {split: _store(learnt, kind_name, each, split) for split, each in cells.items()}
    )


def cells_beside(
    name: str, cells: Mapping[SplitName, Any], context: LoadContext, where: str
) -> Mapping[SplitName, Store]:
    """A column that splits follow, or scores are by.

    Args:
        name: What it is called.
        cells: As for `cell_column`.
        context: Says which.
        where: What the data set is called in errors.

    Raises:
        DataError: If splits are to follow the order of what has none.
    """
    import numpy as np

    if name not in (context.group_by, context.order_by):
        return cell_column(name, cells, None, is_asked_for=True).stores
    if all(isinstance(of_split, np.ndarray) for of_split in cells.values()):
        return {split: ArrayStore(of_split, split) for split, of_split in cells.items()}
    return column_of_splits(name, cells, context, where)


def own_texts(name: str, column: Column, raw: Sequence[Any]) -> str | None:
    """Why the texts of a column are no names of classes; None: they are, or it has no texts."""
    if not isinstance(column, Texts) or len(raw) < FEW_ROWS:
        return None
    facts = _facts(name, column.cells(raw), None)
    return facts.reason if facts.kind in ("text", "id") else None


def _as_kind(facts: ColumnFacts) -> str:
    """The kind of a column that is taken whatever it is."""
    if facts.kind in ("number", "category", "text", "date"):
        return facts.kind
    return "text" if facts.kind == "image" else "number" if facts.low is not None else "category"


def _facts(name: str, cells: Any, told: CellKind | None) -> ColumnFacts:
    """What is known of the cells of one split."""
    import numpy as np

    if not isinstance(cells, np.ndarray):
        if told in ("number", "date"):
            raise Unfit(f"texts are not read as {told} here")
        look = TextLook((), frozenset(), frozenset())
        look.take(look.glance(ListCells(cells)))
        look.end()
        gaps = {"": count} if (count := sum(not cell for cell in cells)) else {}
        return decided_texts(name, look, gaps, told)
    if cells.dtype.kind == "M":
        if told not in (None, "date"):
            raise Unfit(f"moments are not read as {told} here")
        there = cells[~np.isnat(cells)].astype(np.int64)
        low, high = (int(there.min()), int(there.max())) if len(there) else (None, None)
        kind: Any = "date" if len(there) and low != high else "constant"
        reason = "moments" if kind == "date" else "every row has the same moment, or none"
        return ColumnFacts(name, told or kind, reason, len(cells), low=low, high=high)
    return _facts_of_numbers(name, cells, told)


def _facts_of_numbers(name: str, cells: np.ndarray, told: CellKind | None) -> ColumnFacts:
    import numpy as np

    if told in ("text", "date"):
        raise Unfit(f"numbers are not read as {told} here")
    there = cells[~np.isnan(cells)]
    different, counts = np.unique(there, return_counts=True)
    counted = {
        _written(value): count for value, count in zip(different.tolist(), counts.tolist(), strict=True)
    }
    gaps = {"": len(cells) - len(there)} if len(there) < len(cells) else {}
    seen = SeenNumbers(
        rows=len(cells),
        marks=Counter(gaps),
        low=float(different[0]) if len(different) else 0.0,
        high=float(different[-1]) if len(different) else 0.0,
        is_whole=bool((different == np.floor(different)).all()),
        is_unique=len(different) == len(cells),
        counter=Counter(counted) if len(different) <= MOST_NUMBERS or told == "category" else None,
        notation=PLAIN,
        are_days=False,
    )
    found = decided_numbers(name, seen, told)
    # What a moment is as a number, tables know of what is written; here it is a number like any other.
    return replace(found, kind="number") if found.kind == "date" else found


def _written(value: float) -> str:
    """A number as a category is called."""
    return str(int(value)) if value.is_integer() else repr(value)


def _store(kind: Kind, kind_name: str, cells: Any, split: SplitName) -> Store:
    held = part_of(kind, Cells).held(_values(kind, kind_name, cells))
    return ArrayStore(held.array, split) if held.names is None else CodedStore(held.array, held.names, split)


def _values(kind: Any, kind_name: str, cells: Any) -> Any:
    """Cells as a table would have them."""
    import numpy as np

    if kind_name == "text":
        return cells
    if kind_name == "date":
        return tables.Dates(cells)
    if kind_name == "number":
        return tables.Numbers(cells.astype(np.float32))
    texts = (
        ["" if np.isnan(value) else _written(value) for value in cells.tolist()]
        if isinstance(cells, np.ndarray)
        else cells
    )
    place_of = {text: place for place, text in enumerate(kind.categories)}
    codes = [place_of.setdefault(text, len(place_of)) if text else -1 for text in texts]
    return tables.Categories(np.array(codes, np.int32), tuple(place_of))
