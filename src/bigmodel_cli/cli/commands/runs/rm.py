"""`bigmodel runs rm`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.numbers import WholeNumber
from bigmodel_cli.cli.options import example, json_option, runs_dir_option

if TYPE_CHECKING:
    from bigmodel_cli.run_folder import RunFolder


@click.command(
    epilog=example(
        "bigmodel runs rm mnist/20260102-030405",
        "bigmodel runs rm mnist --keep-best 3",
        "bigmodel runs rm mnist --keep-best 1 --metric val_loss --yes",
    )
)
@click.argument("words", nargs=-1, required=True, metavar="RUN...", shell_complete=complete.runs)
@click.option(
    "--keep-best",
    type=WholeNumber(min=1),
    metavar="N",
    help="Remove the completed runs of some names but for the best N, by validation as `runs best`.",
)
@click.option("--metric", metavar="NAME", help="With --keep-best: by which number, as `runs best`.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@runs_dir_option
@json_option
def command(
    words: tuple[str, ...],
    keep_best: int | None,
    metric: str | None,
    yes: bool,
    runs_dir: Path,
    as_json: bool,
) -> None:
    """Remove runs for good, after showing which they are and asking.

    RUN is the folder of a run; with --keep-best it is a name or a pattern, as for `runs best`, and runs that
    are not complete stay. A run that is being trained is never removed, nor what is not under the folder of
    runs.
    """
    from bigmodel_cli.cli.output import echo_json, note, one_line, size
    from bigmodel_cli.run_removal import disk_bytes, remove_leftovers, remove_run

    if metric is not None and keep_best is None:
        raise click.UsageError("--metric is for --keep-best", click.get_current_context())
    doomed = _named(words, runs_dir) if keep_best is None else _all_but(words, keep_best, metric, runs_dir)
    sizes = {run.title: disk_bytes(run) for run in doomed}
    if not as_json:
        _list(doomed, sizes)
    _warn_of_children(doomed, runs_dir)
    if doomed and not (yes or _is_confirmed(len(doomed), size(sum(sizes.values())))):
        note("nothing was removed")
        return
    for run in doomed:
        remove_run(run, runs_dir)
        note(f"removed: {one_line(run.title)}")
    for path in remove_leftovers(runs_dir):
        note(f"removed what an earlier removal had left: {one_line(str(path))}")
    if as_json:
        removed = [{"run": title, "bytes": num_bytes} for title, num_bytes in sizes.items()]
        echo_json({"removed": removed, "bytes": sum(sizes.values())})


def _named(words: Sequence[str], runs_dir: Path) -> list[RunFolder]:
    from bigmodel_cli.run_removal import removable

    runs = (removable(word, runs_dir) for word in words)
    return list({run.path.resolve(): run for run in runs}.values())


def _all_but(words: Sequence[str], number: int, metric: str | None, runs_dir: Path) -> list[RunFolder]:
    """The completed runs of some names but for the best ones; says which stay."""
    from bigmodel_cli.cli.output import note, one_line
    from bigmodel_cli.cli.output import number as written
    from bigmodel_cli.reporting.ranking import rank_chosen
    from bigmodel_cli.run_removal import removable

    ranking = rank_chosen(words, metric, runs_dir)
    for one in ranking.ranked[:number]:
        note(f"stays: {one_line(one.summary.run.title)}, {ranking.metric} {written(one.value)}")
    if passed := ranking.describe_passed_over():
        note(f"{one_line(passed)}; they stay too")
    return [removable(str(one.summary.run.path), runs_dir) for one in ranking.ranked[number:]]


def _list(doomed: Sequence[RunFolder], sizes: dict[str, int]) -> None:
    from bigmodel_cli.cli.output import note, size, table
    from bigmodel_cli.reporting.run_summary import summarise

    if not doomed:
        note("there is nothing to remove")
        return
    rows = [[run.title, summarise(run).status, size(sizes[run.title])] for run in doomed]
    table(["to be removed", "status", "size"], rows, numeric=["size"])


def _warn_of_children(doomed: Sequence[RunFolder], runs_dir: Path) -> None:
    """Runs that stay may need the weights of one that goes, if they are begun again."""
    from bigmodel_cli.cli.output import one_line, warn
    from bigmodel_cli.run_removal import children
    from bigmodel_cli.run_search import all_runs

    going = {run.path.resolve() for run in doomed}
    staying = [run for run in all_runs(runs_dir) if run.path.resolve() not in going]
    for run in doomed:
        names = [one_line(child.title) for child in children(run, staying)]
        if names:
            warn(f"{one_line(run.title)} is the parent of {', '.join(names)}, which started from its weights")


def _is_confirmed(count: int, size: str) -> bool:
    from bigmodel_cli.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError(
            f"removing {count} run{'s' * (count > 1)} ({size}) needs a yes, and there is no terminal to ask",
            hint="if you mean it, add --yes",
        )
    return click.confirm(f"remove {count} run{'s' * (count > 1)}, {size}, for good?", err=True)
