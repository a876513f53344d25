"""What is in a table that lists no images: its columns, and what all of their cells tell of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.image_csv import LABEL_COLUMNS
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.giveaways import giveaways
from bigmodel_cli.sources.tables.names import listed, shown
from bigmodel_cli.sources.tables.refusing import TableError
from bigmodel_cli.sources.tables.survey import Survey, survey
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.sources.tables.values import read

_NEXT = "training on tables comes with the next version"
_AS_ARRAYS = "numbers alone can, as an .npz file: numpy.savez('data.npz', x=table[columns], y=table[label])"
_MOST_COLUMNS = 20
_TARGETS = (*LABEL_COLUMNS, "y", "outcome", "response")


def no_images(table: Table, note: Callable[[str], None]) -> DataError:
    """The error for a table that lists no images.

    Args:
        table: It, opened.
        note: Told what it holds, a line for each column.
    """
    path = table.files[0].path
    try:
        found = survey(table, keep=True)
    except TableError as error:
        return DataError(error.message, hint="; ".join(filter(None, [error.fix, _NEXT])))
    for line in (
        f"found: a table without images, {found.num_rows:,} rows",
        *_described(list(found.columns.values())),
        *_about_target(table, found),
    ):
        note(line)
    return DataError(
        f"{path}: no column of image files among {listed(table.names)}; {_NEXT}", hint=_AS_ARRAYS
    )


def _described(columns: Sequence[ColumnFacts]) -> list[str]:
    lines = [_line(facts) for facts in columns[:_MOST_COLUMNS]]
    left = columns[_MOST_COLUMNS:]
    # What is of no use is said however many columns there are.
    lines += [_line(facts) for facts in left if facts.kind in ("id", "constant")]
    return [*lines, f"  … ({len(columns):,} columns in all)"] if left else lines


def _line(facts: ColumnFacts) -> str:
    missing = [f"{facts.missing:,} missing"] if facts.missing else []
    return f"  {shown(facts.name)}: {facts.kind} ({'; '.join([facts.reason, *missing, *facts.notes])})"


def _about_target(table: Table, found: Survey) -> list[str]:
    """Which column may be the target, and which others give it away."""
    target = _target(found.columns)
    if target is None:
        return []
    columns = {name: facts for name, facts in found.columns.items() if facts.kind not in ("constant", "id")}
    given = giveaways(read(table, columns, found.kept), target)
    return [
        f"target: {shown(target)}, it seems",
        *(f"  {shown(one.column)} gives it away: {cut(one.reason, 100)}" for one in given),
    ]


def _target(columns: Mapping[str, ColumnFacts]) -> str | None:
    """The column that is called as targets are; else the last one, where it can be one."""
    may_be = [name for name, facts in columns.items() if facts.kind in ("number", "category")]
    named = [name for wanted in _TARGETS for name in may_be if name.casefold() == wanted]
    return next(iter(named), next((name for name in may_be[-1:] if name == [*columns][-1]), None))
