"""`bigmodel runs best`."""

from __future__ import annotations

from pathlib import Path

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option, runs_dir_option


@click.command(
    epilog=example(
        "bigmodel runs best mnist",
        "bigmodel predict digit.png --run $(bigmodel runs best mnist)",
        "bigmodel runs best mnist mnist_mlp 'rate-*' --metric val_loss",
        "bigmodel runs best mnist --metric test_macro.f1 --json",
    )
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete.runs)
@click.option(
    "--metric",
    metavar="NAME",
    help="By which number, as `expect` and metrics.csv call it: val_loss, test_accuracy, macro.f1, seconds. "
    "Default: the first metric on the validation split.",
)
@runs_dir_option
@json_option
def command(names: tuple[str, ...], metric: str | None, runs_dir: Path, as_json: bool) -> None:
    """Print the folder of the best completed run, of some NAMEs or of all.

    NAME is that of runs, a pattern in quotes that several names fit ('rate-*'), or the folder of a run. The
    best is that of the validation split: who chooses by the test split has fitted to it. Losses and errors
    are better when smaller; of equal runs the newest is the best. Runs that are not complete or lack the
    metric are passed over.
    """
    import os
    import sys

    from bigmodel_cli.cli.output import echo_json, note, number, one_line
    from bigmodel_cli.reporting.ranking import rank_chosen

    ranking = rank_chosen(names, metric, runs_dir)
    best = ranking.ranked[0]
    path = best.summary.run.title
    if as_json:
        passed_over = [
            {"run": summary.run.title, "reason": reason} for summary, reason in ranking.passed_over
        ]
        echo_json(
            {
                "run": path,
                "metric": ranking.metric,
                "value": best.value,
                "mode": ranking.mode,
                "among": len(ranking.ranked),
                "passed_over": passed_over,
            }
        )
    else:
        # A script needs the name byte for byte; a terminal must not be steered by it.
        click.echo(one_line(path) if sys.stdout.isatty() else os.fsencode(path))
    note(f"{ranking.metric} {number(best.value)}, the best of {len(ranking.ranked)}")
    if passed := ranking.describe_passed_over():
        note(one_line(passed))
    for text in ranking.notes(metric):
        note(f"note: {text}")
