"""What `export` says of its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from bigmodel_cli.byte_sizes import byte_size
from bigmodel_cli.cli.output import note, number, printable, table
from bigmodel_cli.exporting.bench import Took
from bigmodel_cli.exporting.export import Exported
from bigmodel_cli.inference.opened import OpenRun

_COLUMNS = (
    "export",
    "score",
    "of the run",
    "largest difference",
    "same decisions",
    "size",
    "one example",
    "one thread",
    "memory",
)


def as_document(opened: OpenRun, found: Sequence[Exported]) -> dict[str, Any]:
    """As --json has it."""
    return {"run": str(opened.folder.path), "exports": [one.as_json() for one in found]}


def show(found: Sequence[Exported]) -> None:
    """A table of what was measured, and where the files are."""
    rows = [_row(one) for one in found if one.comparison is not None and one.costs is not None]
    if rows:
        table(_COLUMNS, rows, numeric=_COLUMNS[1:])
    for one in found:
        if one.path is None:
            kept = "not kept" if one.comparison is not None else "none"
            hint = f"; {one.hint}" if one.hint else ""
            click.echo(printable(f"{one.wanted.name}: {kept}: {one.reason}{hint}"))
    for one in found:
        if one.path is not None:
            note(f"written: {one.path}/")


def _row(one: Exported) -> list[str]:
    comparison, costs = one.comparison, one.costs
    assert comparison is not None and costs is not None
    equal = comparison.equal_decisions
    return [
        one.wanted.name,
        f"{one.headline} {number(comparison.scores[one.headline])}",
        number(comparison.run_scores[one.headline]),
        f"{comparison.max_difference:.2g}",
        "" if equal is None else f"{equal:.2%}",
        byte_size(costs.bytes),
        milliseconds(costs.seconds),
        milliseconds(costs.seconds_one_thread),
        byte_size(costs.peak_bytes),
    ]


def milliseconds(seconds: float) -> str:
    """For people."""
    return f"{seconds * 1e3:.3g} ms"


BENCH_COLUMNS = ("", "start", "one example", "one thread", "in a batch", "memory", "file")


def bench_row(took: Took) -> list[str]:
    """What an engine takes, as cells."""
    return [
        took.name,
        f"{took.start_seconds:.2f} s",
        milliseconds(took.seconds),
        milliseconds(took.seconds_one_thread),
        milliseconds(took.batch_seconds),
        byte_size(took.peak_bytes),
        byte_size(took.bytes),
    ]
