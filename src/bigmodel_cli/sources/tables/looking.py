"""A pass over a table: each column has a look that takes its cells block by block, glanced at by threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bigmodel_cli.sources.tables.cells import Cells, Use
from bigmodel_cli.sources.tables.facts import ColumnKind
from bigmodel_cli.sources.tables.lists import ListLook
from bigmodel_cli.sources.tables.missing import marks_for
from bigmodel_cli.sources.tables.number_look import Glance as NumberGlance
from bigmodel_cli.sources.tables.number_look import NumberLook
from bigmodel_cli.sources.tables.numbers import Notation, notations_for
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.sources.tables.text_look import Glance as TextGlance
from bigmodel_cli.sources.tables.text_look import TextLook
from bigmodel_cli.sources.tables.vectors import VectorLook

Look = NumberLook | TextLook | ListLook | VectorLook


def first_look(table: Table, name: str, told: ColumnKind | None, keep: bool) -> Look:
    """The look at a column that begins at its first row.

    Args:
        table: An open table.
        name: The column's.
        told: The kind that it is said to be.
        keep: Whether cells are kept.
    """
    if told == "array" or name in table.vectors:
        return VectorLook()
    if name in table.lists:
        return ListLook()
    if told is None or told == "number":
        return number_look(table, notations_for(table.format), told, keep)
    return exact_look(table, keep, are_names=told == "category")


def number_look(
    table: Table, notations: Sequence[Notation], told: ColumnKind | None, keep: bool = False
) -> NumberLook:
    """A look at a column as long as all of its cells are numbers."""
    marks = marks_for("number", table.format)
    return NumberLook(notations, marks, takes_padded=told == "number", keep=keep)


def exact_look(table: Table, keep: bool, *, are_names: bool = False) -> TextLook:
    """A look at a column text by text, which may be names of something, as a person says."""
    return TextLook(
        notations_for(table.format),
        marks_for("category", table.format),
        marks_for("number", table.format),
        keep=keep,
        are_names=are_names,
    )


def look_through(table: Table, looks: dict[str, Look | None], progress: Callable[[int], None]) -> int:
    """Show all rows to some looks; a look at numbers that ends behind the first block becomes None."""
    rows = 0
    uses: dict[str, Use] = {
        name: look.use if isinstance(look, VectorLook) else "any" for name, look in looks.items()
    }

    def glance(cells: Sequence[Cells]) -> list[Any]:
        # While threads glance, looks end and others begin.
        asked = list(looks.values())
        return [_glanced(table, look, one) if look else None for look, one in zip(asked, cells, strict=True)]

    for block in table.blocks(uses, glance):
        for name, cells, seen in zip([*looks], block.cells, block.glance, strict=True):
            look = looks[name] = _taken(table, looks[name], cells, seen, is_first=not block.number)
            if look is not None:
                uses[name] = look.use
        rows = block.first_row + block.num_rows
        progress(rows)
    for look in looks.values():
        if isinstance(look, TextLook):
            look.end()
    return rows


def _glanced(table: Table, look: Look, cells: Cells) -> Any:
    """What a look sees in a block; where numbers end in the first one, what an exact look sees."""
    seen = look.glance(cells)
    if seen is None and isinstance(look, NumberLook) and not look.has_begun:
        return exact_look(table, look.keeps).glance(cells)
    return seen


def _taken(table: Table, look: Look | None, cells: Cells, seen: Any, *, is_first: bool) -> Look | None:
    """The look that has taken a block; None where numbers have ended behind the first one."""
    if isinstance(look, NumberLook):
        if look.take(cells, seen if isinstance(seen, NumberGlance) else None) and not (
            is_first and look.are_codes
        ):
            return look
        if not is_first:
            return None
        look = exact_look(table, look.keeps)
    if isinstance(look, TextLook):
        # A thread may still have looked for numbers.
        look.take(seen if isinstance(seen, TextGlance) else look.glance(cells))
    elif look is not None:
        look.take(seen)
    return look
