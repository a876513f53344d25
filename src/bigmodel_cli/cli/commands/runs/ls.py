"""`bigmodel runs ls`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.numbers import WholeNumber
from bigmodel_cli.cli.options import example, json_option, runs_dir_option, tunes_dir_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bigmodel_cli.reporting.run_summary import RunSummary
    from bigmodel_cli.tuning.summary import SearchSummary

_NUMERIC = ("time", "epochs")
_OPTIONAL = ("gates", "device")


@click.command(epilog=example("bigmodel runs ls", "bigmodel runs ls mnist --limit 5"))
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.runs)
@click.option("--limit", type=WholeNumber(min=1), metavar="N", help="Only the newest N.")
@runs_dir_option
@tunes_dir_option
@json_option
def command(
    runs_dir: Path,
    tunes_dir: Path,
    names: tuple[str, ...] = (),
    limit: int | None = None,
    as_json: bool = False,
) -> None:
    """List runs, newest first, with status, time, results and gates.

    NAME is that of runs, or a pattern in quotes that several names fit ('rate-*'); left out, all are listed.
    Results are those of complete runs; of others there is the newest epoch. A run whose process is gone
    without a word has crashed; `bigmodel train --resume` goes on with it. Below them stand searches, one in a
    line with all its trials; `bigmodel runs show tunes/NAME` has those.
    """
    from bigmodel_cli.cli.output import echo_json, next_command, note, one_line, table
    from bigmodel_cli.cli.tuned import list_searches, search_in_brief
    from bigmodel_cli.cut import some
    from bigmodel_cli.reporting.chosen_runs import listed_runs

    found = list(listed_runs(names, runs_dir, limit))
    searches = _searches(names, tunes_dir, limit)
    if as_json:
        echo_json([*(summary.as_json() for summary in found), *map(search_in_brief, searches)])
        return
    if searches and not found:
        list_searches(searches)
        return
    if not found:
        named = f" named {one_line(some(names))}" if names else ""
        note(f"no run{named} under {runs_dir}/")
        next_command("bigmodel train CONFIG")
        return
    rows = [_cells(summary) for summary in found]
    # Terminals are narrow: what no run has takes no room.
    columns = [name for name in rows[0] if name not in _OPTIONAL or any(row[name] for row in rows)]
    table(columns, [[row[name] for name in columns] for row in rows], numeric=_NUMERIC)
    list_searches(searches)
    _say_next(found, names)


def _searches(names: Sequence[str], tunes_dir: Path, limit: int | None) -> list[SearchSummary]:
    """Searches, newest first; damaged ones are said, and passed over."""
    from itertools import islice

    from bigmodel_cli.cli.output import warn
    from bigmodel_cli.errors import DataError
    from bigmodel_cli.tuning.summary import named_searches, summarise_search

    found = []
    for folder in islice(named_searches(names, tunes_dir), limit):
        try:
            found.append(summarise_search(folder))
        except DataError as error:
            warn(error.message)
    return found


def _cells(summary: RunSummary) -> dict[str, str]:
    """A row by its columns."""
    from bigmodel_cli.cli.output import duration

    seconds = summary.seconds
    return {
        "run": summary.run.title,
        "status": summary.status,
        "started": str(summary.record.get("started", ""))[:16].replace("T", " "),
        "time": "" if seconds is None else duration(seconds),
        "epochs": str(summary.epochs or ""),
        "result": _result(summary).replace("\n", " "),
        "gates": _gates(summary.gates),
        "device": summary.device or "",
    }


def _result(summary: RunSummary) -> str:
    from bigmodel_cli.cli.output import metrics_line, printable

    if summary.split is not None:
        return f"{summary.split} {metrics_line(summary.metrics)}"
    if problem := summary.problem or summary.record.get("error"):
        return printable(problem)
    return f"so far: {metrics_line(summary.last_row)}" if summary.last_row else ""


def _gates(gates: Sequence[dict[str, Any]]) -> str:
    """`2 met`, or `1 of 2 MISSED`."""
    missed = sum(not gate.get("met") for gate in gates)
    if missed:
        return f"{missed} of {len(gates)} MISSED"
    return f"{len(gates)} met" if gates else ""


def _say_next(found: Sequence[RunSummary], names: Sequence[str]) -> None:
    from bigmodel_cli.cli.output import next_command

    broken = [one for one in found if one.status in ("interrupted", "crashed", "failed")]
    complete_ones = [one for one in found if one.is_complete]
    commands = [f"bigmodel train --resume {shlex.quote(one.run.title)}" for one in broken[:1]]
    if names and len(complete_ones) > 1:
        commands.append(f"bigmodel runs compare {shlex.join(names)}")
    elif complete_ones and not broken:
        commands.append(f"bigmodel runs show {shlex.quote(complete_ones[0].run.title)}")
    if commands:
        next_command(*commands)
