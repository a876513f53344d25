"""`bigmodel runs diff`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option, runs_dir_option, runs_dir_words

if TYPE_CHECKING:
    from bigmodel_cli.reporting.comparison import Difference, MetricDifference, RunDifferences
    from bigmodel_cli.run_folder import RunFolder


@click.command(epilog=example("bigmodel runs diff mnist mnist_mlp", "bigmodel runs diff mnist digits --json"))
@click.argument("one", metavar="A", shell_complete=complete.runs)
@click.argument("other", metavar="B", shell_complete=complete.runs)
@runs_dir_option
@json_option
def command(one: str, other: str, runs_dir: Path, as_json: bool) -> None:
    """Show in what two runs differ: config, data, environment and results.

    A and B are runs' folders, or names for their newest completed runs. Configs are compared as they were
    resolved. Where the 95 % intervals of a metric are apart, which examples were tested does not explain the
    difference; where they overlap, it may.
    """
    from bigmodel_cli.cli.output import echo_json, warn
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.reporting.comparison import compare_two
    from bigmodel_cli.reporting.run_summary import summarise
    from bigmodel_cli.run_search import find_run

    runs = find_run(one, runs_dir), find_run(other, runs_dir)
    if runs[0].path.resolve() == runs[1].path.resolve():
        raise UsageError(
            f"{one} and {other} are the same run, {runs[0].title}",
            hint="name the folders of two runs; see them: bigmodel runs",
        )
    summaries = summarise(runs[0]), summarise(runs[1])
    found = compare_two(*summaries)
    if as_json:
        runs_compared = {
            name: {"run": str(each.run.path), "status": each.status}
            for name, each in zip(("one", "other"), summaries, strict=True)
        }
        echo_json({**runs_compared, **found.as_json()})
        return
    for letter, summary in zip("AB", summaries, strict=True):
        click.echo(f"{letter}  {_title(summary.run)}, {summary.status}")
    _show(found)
    for problem in found.problems:
        warn(problem)
    _say_next([one, other], runs_dir)


def _title(run: RunFolder) -> str:
    from bigmodel_cli.cli.output import one_line

    return one_line(run.title)


def _show(found: RunDifferences) -> None:
    parts = {"config": found.config, "data": found.data, "environment": found.environment}
    for heading, rows in parts.items():
        if rows:
            _show_differences(heading, rows)
    same = [heading for heading, rows in parts.items() if not rows]
    if same:
        click.echo(f"the same: {', '.join(same)}")
    if found.metrics:
        _show_metrics(found.metrics)


def _show_differences(heading: str, rows: Sequence[Difference]) -> None:
    from bigmodel_cli.cli.output import table, yaml_line

    def cell(value: object) -> str:
        return "—" if value is None else yaml_line(value)

    table([heading, "A", "B"], [[row.key, cell(row.one), cell(row.other)] for row in rows])


def _show_metrics(metrics: Sequence[MetricDifference]) -> None:
    from bigmodel_cli.cli.output import number, table

    def written(row: MetricDifference, value: float) -> str:
        return f"{value:,}" if isinstance(row.one, int) and isinstance(row.other, int) else number(value)

    verdicts = {None: "", True: "overlap", False: "apart"}
    rows = [
        [
            row.metric,
            written(row, row.one),
            written(row, row.other),
            f"{'+' if row.difference > 0 else ''}{written(row, row.difference)}" if row.difference else "",
            {None: "", "one": "A", "other": "B"}[row.better],
            verdicts[row.intervals_overlap],
        ]
        for row in metrics
    ]
    columns = ["result", "A", "B", "B − A", "better", "95 % intervals"]
    table(columns, rows, numeric=columns[1:4])


def _say_next(words: Sequence[str], runs_dir: Path) -> None:
    from bigmodel_cli.cli.output import next_command

    next_command(f"bigmodel runs compare {shlex.join(words)}{runs_dir_words(runs_dir)} --plot curves.png")
