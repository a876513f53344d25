"""What is in a table that lists no images: its columns, and what all of their cells tell of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.giveaways import giveaways
from bigmodel_cli.sources.tables.names import listed, no_column, shown
from bigmodel_cli.sources.tables.refusing import TableError
from bigmodel_cli.sources.tables.survey import Survey, survey
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.sources.tables.values import read
from bigmodel_cli.starter.guessed_target import described, guessed_target

_NEXT = "training on tables comes with the next version"
_AS_ARRAYS = "numbers alone can, as an .npz file: numpy.savez('data.npz', x=table[columns], y=table[label])"
_MOST_COLUMNS = 20


def no_images(table: Table, note: Callable[[str], None], target: str | None = None) -> DataError:
    """The error for a table that lists no images.

    Args:
        table: It, opened.
        note: Told what it holds, a line for each column.
        target: The column that is to be predicted; None: which one it may be is said.
    """
    path = table.files[0].path
    if target is not None and target not in table.names:
        return no_column(path, table.names, target)
    try:
        found = survey(table, keep=True)
    except TableError as error:
        return DataError(error.message, hint="; ".join(filter(None, [error.fix, _NEXT])))
    for line in (
        f"found: a table without images, {found.num_rows:,} rows",
        *_described(list(found.columns.values())),
        *_about_target(table, found, target),
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


def _about_target(table: Table, found: Survey, told: str | None) -> list[str]:
    """Which column is the target, or may be, and which others give it away."""
    guess = guessed_target(found.columns) if told is None else None
    target = guess.name if guess else told
    if target is None:
        return ["target: no column looks like one; say it with --target NAME"]
    columns = {name: facts for name, facts in found.columns.items() if facts.kind not in ("constant", "id")}
    given = giveaways(read(table, columns, found.kept), target) if target in columns else []
    return [
        described(guess) if guess else f"target: {shown(target)}",
        *(f"  {shown(one.column)} gives it away: {cut(one.reason, 100)}" for one in given),
    ]
