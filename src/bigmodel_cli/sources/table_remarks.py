"""What a person should know of a table's columns: what was taken for what, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping

from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.table import Table

# Of categories that are as many as this part of the rows, most are in one row alone.
_MOST_SHARE = 0.3


def point_out(
    table: Table, unnamed: Mapping[str, ColumnFacts], left_out: Mapping[str, str], context: LoadContext
) -> None:
    """Tell it.

    Args:
        table: An open table.
        unnamed: Its columns of which nobody says what they are.
        left_out: Columns that are left out, with the reason.
        context: Is told.
    """
    path = table.files[0].path
    for note in table.notes:
        context.warn(note)
    for name, facts in unnamed.items():
        # Most of its categories are in a row alone.
        if facts.kind == "category" and (facts.distinct or 0) > _MOST_SHARE * facts.rows:
            context.warn(
                f"{path}, {shown(name)}: {facts.distinct:,} different texts in {facts.rows:,} rows were "
                "taken for categories, from which little is learnt; is it number, text or ignore?"
            )
    if context.column_left_out is not None:
        for name, reason in left_out.items():
            context.column_left_out(name, reason)
    elif left_out:
        reasons = ", ".join(f"{shown(name)} ({reason})" for name, reason in [*left_out.items()][:5])
        more = "" if len(left_out) <= 5 else f" and {len(left_out) - 5} more"
        context.warn(f"{path}: left out: {reasons}{more}; columns: {{NAME: KIND}} takes one in")
