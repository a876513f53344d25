"""The first pass over a table: every cell is looked at before it is said what the columns are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables import dates
from bigmodel_cli.sources.tables.columns import Kept
from bigmodel_cli.sources.tables.facts import FEW_ROWS, FEW_VALUES, ColumnFacts, ColumnKind
from bigmodel_cli.sources.tables.fits import Fit
from bigmodel_cli.sources.tables.lists import ListLook, check_told
from bigmodel_cli.sources.tables.looking import Look, exact_look, first_look, look_through, number_look
from bigmodel_cli.sources.tables.missing import marks_for, marks_note
from bigmodel_cli.sources.tables.names import no_column, shown
from bigmodel_cli.sources.tables.number_kinds import decided_numbers, numbers_of_texts
from bigmodel_cli.sources.tables.number_look import NumberLook, Numbers
from bigmodel_cli.sources.tables.numbers import Notation
from bigmodel_cli.sources.tables.refusing import TableError
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.sources.tables.text_kinds import decided_texts
from bigmodel_cli.sources.tables.text_look import TextLook
from bigmodel_cli.sources.tables.vectors import VectorLook

# A column of which fewer cells than this are no numbers is one of numbers, with cells that are wrong.
_FEW_MISFITS = 0.05


@dataclass(frozen=True)
class Survey:
    """What a table holds.

    Attributes:
        num_rows: How many rows there are in all files.
        columns: By name, in the table's order.
        kept: What was kept of the cells: `values.read` takes it instead of reading the table again.
    """

    num_rows: int
    columns: Mapping[str, ColumnFacts]
    kept: Mapping[str, Kept] = field(default_factory=dict, repr=False, compare=False)


def survey(
    table: Table,
    told: Mapping[str, ColumnKind] | None = None,
    *,
    leave_out: Sequence[str] = (),
    keep: bool = False,
    progress: Callable[[int], None] = lambda _rows: None,
) -> Survey:
    """Look at every cell, and decide what each column is.

    Args:
        table: An open table.
        told: The kinds of columns that nobody need guess.
        leave_out: Columns that are not looked at.
        keep: Whether numbers and categories are kept in memory as they are found, some 4 bytes for each cell.
        progress: Called with the number of rows that were read.

    Raises:
        DataError: If there is no row, a row is wrong, a column has a few cells of another kind than the rest,
            or is not what it is told to be; names file, line and column.
    """
    told = told or {}
    for name in [*told, *leave_out]:
        if name not in table.names:
            raise no_column(table.files[0].path, table.names, name)
        check_told(table.files[0].path, name, told.get(name), table.lists)
    names = [name for name in table.names if name not in leave_out]
    looks: dict[str, Look | None] = {name: first_look(table, name, told.get(name), keep) for name in names}
    rows = look_through(table, looks, progress)
    # What turned out not to be numbers behind the first block is looked at again, from its first row.
    again: dict[str, Look | None] = {
        name: exact_look(table, keep)
        for name, look in looks.items()
        if look is None or (isinstance(look, NumberLook) and look.are_codes)
    }
    if again:
        look_through(table, again, progress)
    looks.update(again)
    if not rows:
        raise DataError(f"{table.files[0].path}: no rows below the line with the columns' names")
    found = {
        name: _decided(table, name, look, told.get(name)) for name, look in looks.items() if look is not None
    }
    return Survey(rows, found, {name: look.kept() for name, look in looks.items() if look and keep})


def _decided(table: Table, name: str, look: Look, told: ColumnKind | None) -> ColumnFacts:
    if isinstance(look, ListLook | VectorLook):
        return look.facts(name, table.files[0].path, told)
    if isinstance(look, NumberLook):
        return decided_numbers(name, look.found(), told)
    missing = look.missing(marks_for("number", table.format))
    if look.rows > sum(missing.values()):
        found = _as_numbers(table, name, look, missing, told) if told in (None, "number") else None
        found = found or (_as_dates(table, name, look, missing, told) if told in (None, "date") else None)
        if found is not None:
            return found
    facts = decided_texts(name, look, look.missing(marks_for(told or "category", table.format)), told)
    if facts.kind == "category" and look.counter is None:
        raise TableError(
            f"{table.files[0].path}, {shown(name)}: more than {look.most:,} different values, "
            "which are too many for categories",
            fix="leave the column out",
            say=f"{shown(name)}: text",
        )
    return facts


def _as_numbers(
    table: Table, name: str, look: TextLook, missing: Mapping[str, int], told: ColumnKind | None
) -> ColumnFacts | None:
    """The facts of a column of numbers; None where it is none.

    Raises:
        DataError: If it is one but for some cells.
    """
    notation, fit = look.numbers_fit()
    values = look.rows - sum(missing.values())
    if not fit.misfits:
        found = _numbers(table, name, look, notation, missing)
        are_codes = look.has_padded and found.is_whole and told is None
        return None if are_codes else decided_numbers(name, found, told)
    if told or (not look.has_padded and _has_few_misfits(look, values, fit)):
        _refuse(table, name, "number", fit, values)
    return None


def _as_dates(
    table: Table, name: str, look: TextLook, missing: Mapping[str, int], told: ColumnKind | None
) -> ColumnFacts | None:
    """The facts of a column of dates; None where it is none.

    Raises:
        DataError: If it is one but for some cells.
    """
    formats, fit = look.dates_fit()
    values = look.rows - sum(missing.values())
    if not fit.misfits:
        return _date(name, look, formats, fit, missing, told)
    if told and (moments := _moments(table, name, look, missing)):
        return moments
    if told or _has_few_misfits(look, values, fit):
        _refuse(table, name, "date", fit, values)
    return None


def _has_few_misfits(look: TextLook, values: int, fit: Fit) -> bool:
    """Whether so many cells are of a kind that the others can only be slips.

    Where there are few different ones, a text among codes that are numbers is one more code.
    """
    is_many = look.counter is None or len(look.counter) > FEW_VALUES
    return is_many and values - fit.misfits >= FEW_ROWS and fit.misfits <= _FEW_MISFITS * values


def _refuse(table: Table, name: str, kind: ColumnKind, fit: Fit, values: int) -> NoReturn:
    assert fit.row is not None
    others = values - fit.misfits
    many = f" as in {others:,} other rows" if others else ""
    more = f" ({fit.misfits:,} such cells)" if fit.misfits > 1 else ""
    raise TableError(
        f"{table.place(fit.row)}, {shown(name)}: expected a {kind}{many}, found {cut(fit.text, 60)!r}{more}",
        fix="correct it",
        say=f"missing: [{cut(fit.text, 30)!r}] if it means that there is no value, "
        f"or {shown(name)}: category",
    )


def _numbers(
    table: Table, name: str, look: TextLook, notation: Notation, missing: Mapping[str, int]
) -> Numbers:
    found = numbers_of_texts(look, notation, missing)
    if found is not None:
        return found
    # All cells are known to be numbers in this notation: a quick look finds the rest.
    quick = number_look(table, [notation], "number")
    looks: dict[str, Look | None] = {name: quick}
    look_through(table, looks, lambda _rows: None)
    return quick.found()


def _moments(table: Table, name: str, look: TextLook, missing: Mapping[str, int]) -> ColumnFacts | None:
    """The facts of a column of numbers that is said to be one of dates; None where they can be none."""
    notation, fit = look.numbers_fit()
    if fit.misfits:
        return None
    facts = decided_numbers(name, _numbers(table, name, look, notation, missing), "date")
    return facts if facts.date_format else None


def _date(
    name: str,
    look: TextLook,
    formats: Sequence[str],
    fit: Fit,
    missing: Mapping[str, int],
    told: ColumnKind | None,
) -> ColumnFacts:
    facts = decided_texts(name, look, missing, told or "date")
    notes = [marks_note({mark: count for mark, count in missing.items() if mark})] if any(missing) else []
    if len(formats) > 1:
        notes.append(f"read as {formats[0]}; all dates can be {formats[1]} as well")
    if dates.has_short_years(formats[0]):
        notes.append(dates.SHORT_YEARS)
    return replace(
        facts,
        reason="as told" if told else f"dates, written {formats[0]}",
        low=fit.low,
        high=fit.high,
        date_format=formats[0],
        notes=notes,
    )
