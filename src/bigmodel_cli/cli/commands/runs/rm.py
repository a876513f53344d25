"""`bigmodel runs rm`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.numbers import WholeNumber
from bigmodel_cli.cli.options import example, json_option, runs_dir_option, tunes_dir_option

if TYPE_CHECKING:
    from bigmodel_cli.run_folder import RunFolder
    from bigmodel_cli.tuning.summary import SearchSummary


@click.command(
    epilog=example(
        "bigmodel runs rm mnist/20260102-030405",
        "bigmodel runs rm mnist --keep-best 3",
        "bigmodel runs rm mnist --keep-best 1 --metric val_loss --yes",
        "bigmodel runs rm tunes/digits_tune",
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
@tunes_dir_option
@json_option
def command(
    words: tuple[str, ...],
    keep_best: int | None,
    metric: str | None,
    yes: bool,
    runs_dir: Path,
    tunes_dir: Path,
    as_json: bool,
) -> None:
    """Remove runs for good, after showing which they are and asking.

    RUN is the folder of a run, or of a search, which goes with all its trials; with --keep-best it is a name
    or a pattern, as for `runs best`, and runs that are not complete stay. A run that is being trained is not
    removed, nor what is not under the folder of runs or of searches.
    """
    from bigmodel_cli.byte_sizes import byte_size
    from bigmodel_cli.cli.output import echo_json, note, one_line
    from bigmodel_cli.run_removal import disk_bytes, remove_leftovers, remove_run
    from bigmodel_cli.tuning.removal import remove_search

    if metric is not None and keep_best is None:
        raise click.UsageError("--metric is for --keep-best", click.get_current_context())
    searches, named = _searches(words, tunes_dir) if keep_best is None else ([], [])
    doomed = _named(named, runs_dir) if keep_best is None else _all_but(words, keep_best, metric, runs_dir)
    sizes = {run.title: disk_bytes(run) for run in doomed}
    of_searches = {search.title: disk_bytes(search.folder) for search in searches}
    total = sum(sizes.values()) + sum(of_searches.values())
    if not as_json:
        _list(doomed, sizes, searches, of_searches)
    _warn_of_children(doomed, runs_dir)
    if (doomed or searches) and not (yes or _is_confirmed(len(doomed), len(searches), byte_size(total))):
        note("nothing was removed")
        return
    for run in doomed:
        remove_run(run, runs_dir)
        note(f"removed: {one_line(run.title)}")
    for search in searches:
        remove_search(search.folder)
        note(f"removed: {one_line(search.title)}")
    for path in [*remove_leftovers(runs_dir), *(remove_leftovers(tunes_dir) if searches else ())]:
        note(f"removed what an earlier removal had left: {one_line(str(path))}")
    if as_json:
        removed = [{"run": title, "bytes": num_bytes} for title, num_bytes in sizes.items()]
        removed += [{"search": title, "bytes": num_bytes} for title, num_bytes in of_searches.items()]
        echo_json({"removed": removed, "bytes": total})


def _searches(words: Sequence[str], tunes_dir: Path) -> tuple[list[SearchSummary], list[str]]:
    """Those of the words that are searches, and the others, which are runs."""
    from bigmodel_cli.tuning.removal import removable_search
    from bigmodel_cli.tuning.summary import summarise_search

    found, others = {}, []
    for word in words:
        folder = removable_search(word, tunes_dir)
        if folder is None:
            others.append(word)
        else:
            found[folder.path.resolve()] = summarise_search(folder)
    return list(found.values()), others


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


def _list(
    doomed: Sequence[RunFolder],
    sizes: dict[str, int],
    searches: Sequence[SearchSummary],
    of_searches: dict[str, int],
) -> None:
    from bigmodel_cli.byte_sizes import byte_size
    from bigmodel_cli.cli.output import note, table
    from bigmodel_cli.reporting.run_summary import summarise

    if not doomed and not searches:
        note("there is nothing to remove")
        return
    rows = [[run.title, summarise(run).status, byte_size(sizes[run.title])] for run in doomed]
    rows += [
        [
            search.title,
            f"{search.status}, {len(search.journal.trials)} trials",
            byte_size(of_searches[search.title]),
        ]
        for search in searches
    ]
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


def _is_confirmed(num_runs: int, num_searches: int, size: str) -> bool:
    from bigmodel_cli.errors import UsageError

    counts = [(num_runs, f"run{'s' * (num_runs > 1)}"), (num_searches, f"search{'es' * (num_searches > 1)}")]
    what = " and ".join(f"{count} {name}" for count, name in counts if count)
    if not sys.stdin.isatty():
        raise UsageError(
            f"removing {what} ({size}) needs a yes, and there is no terminal to ask",
            hint="if you mean it, add --yes",
        )
    return click.confirm(f"remove {what}, {size}, for good?", err=True)
