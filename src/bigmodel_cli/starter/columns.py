"""What a person is told of the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence

from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.names import shown

_MOST_COLUMNS = 20


def column_lines(columns: Sequence[ColumnFacts]) -> list[str]:
    """A line for each column: what it is taken for, and why."""
    lines = [_line(facts) for facts in columns[:_MOST_COLUMNS]]
    left = columns[_MOST_COLUMNS:]
    # What is of no use is said however many columns there are.
    lines += [_line(facts) for facts in left if facts.kind in ("id", "constant")]
    return [*lines, f"  … ({len(columns):,} columns in all)"] if left else lines


def _line(facts: ColumnFacts) -> str:
    missing = [f"{facts.missing:,} missing"] if facts.missing else []
    return f"  {shown(facts.name)}: {facts.kind} ({'; '.join([facts.reason, *missing, *facts.notes])})"
