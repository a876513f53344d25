"""What a run says of tables that are joined to its rows, for who predicts others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bigmodel_cli.sources.tables.joined import Join

# The key of what a run says of its tables with those that are joined to them.
JOINED = "joined"


def placed(written: Sequence[Mapping[str, Any]], place: Callable[[str], str]) -> list[dict[str, Any]]:
    """What `table_join.as_written` wrote, with the place of each file in front of its name."""
    return [{**one, "files": [place(name) for name in one["files"]]} for one in written]


def joins_of(record: Mapping[str, Any]) -> list[Join]:
    """What is joined to rows, as `placed` gave it."""
    return [
        Join(one["column"], one["key"], tuple(map(Path, one["files"])), one["prefix"])
        for one in record.get(JOINED, ())
    ]
