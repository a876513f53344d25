"""`bigmodel tune`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli.options import (
    ci_options,
    config_argument,
    example,
    json_option,
    offline_option,
    overrides_argument,
    plain_option,
    strict_option,
    tunes_dir_option,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bigmodel_cli.config.searched import Searched
    from bigmodel_cli.errors import BigmodelError
    from bigmodel_cli.tuning.folder import SearchFolder
    from bigmodel_cli.tuning.summary import SearchSummary
    from bigmodel_cli.tuning.watcher import Watcher


@click.command(
    epilog=example(
        "bigmodel tune configs/digits_tune.yaml",
        "bigmodel tune configs/digits_tune.yaml tune.trials=60",
        "bigmodel tune configs/digits_tune.yaml --workers 2",
        "bigmodel tune configs/digits_tune.yaml training.epochs=20 --new",
        "bigmodel tune configs/digits.yaml --learning-rate",
    )
)
@config_argument
@overrides_argument
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many trials are trained at a time; cores and GPUs are shared out.",
)
@click.option("--new", "is_new", is_flag=True, help="Begin another search beside those of the same name.")
@click.option(
    "--learning-rate",
    is_flag=True,
    help="Search nothing: find the learning rate alone, as `learning_rate: auto` does, and show the test.",
)
@click.option(
    "--plot", type=click.Path(path_type=Path), help="With --learning-rate: draw the test (.png, .pdf, .svg)."
)
@ci_options
@tunes_dir_option
@offline_option
@strict_option
@plain_option
@json_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    workers: int,
    is_new: bool,
    tunes_dir: Path,
    offline: bool,
    strict: bool,
    plain: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Search the space that the config's `tune` section spans, and keep the best config.

    A trial is a run like any other, in tunes/NAME/trials. The same command goes on with a search that was
    interrupted, and with more tune.trials with one that is complete. A config that has changed needs --new.
    The best trial is chosen on the validation split, and evaluated once on the test split.

    With --learning-rate the config needs no `tune` section.
    """
    if _is_rate_alone(how["learning_rate"], how["plot"]):
        from bigmodel_cli.cli.rate_found import show_rate

        options = {"as_json": as_json, "offline": offline, "strict": strict, "plain": plain}
        show_rate(config, overrides, how["plot"], **options)
        return
    from bigmodel_cli.cli.output import echo_json, note, show_warnings
    from bigmodel_cli.cli.tuned import search_as_json, show_search
    from bigmodel_cli.modeling.language import read_searched
    from bigmodel_cli.tuning.identity import folder_of
    from bigmodel_cli.tuning.page.page import write_search_page
    from bigmodel_cli.tuning.samplers import said_of
    from bigmodel_cli.tuning.summary import summarise_search

    searched = read_searched(config, overrides, strict=strict)
    show_warnings(searched.loaded.warnings)
    if hint := said_of(searched.tune.search):
        note(hint)
    folder = folder_of(searched, tunes_dir, is_new=is_new)
    _search(searched, folder, workers, plain=plain, offline=offline)
    summary = summarise_search(folder)
    if summary.best is not None:
        write_search_page(summary)
    if as_json:
        echo_json(search_as_json(summary))
    else:
        show_search(summary)
    _end(summary, how["junit"], how["summary"])


def _is_rate_alone(is_asked_for: bool, plot: Path | None) -> bool:
    """Whether only the learning rate is looked for.

    Raises:
        UsageError: If its plot is, but not the rate.
    """
    from bigmodel_cli.errors import UsageError

    if plot is not None and not is_asked_for:
        hint = "a search draws its own page, search.html"
        raise UsageError("--plot draws the test of --learning-rate, which is not asked for", hint=hint)
    return is_asked_for


def _search(searched: Searched, folder: SearchFolder, workers: int, *, plain: bool, offline: bool) -> None:
    """Search to the end.

    Raises:
        Interrupted: If a signal ended it; says how to go on.
    """
    from bigmodel_cli.errors import Interrupted
    from bigmodel_cli.tuning.search import Search

    try:
        with _watching(searched, plain=plain) as watcher:
            Search(searched, folder, watcher, workers, offline).run()
    except Interrupted as error:
        kept = f"interrupted; {folder.path} is kept"
        raise Interrupted(error.signal_number, kept, hint=f"go on with: {_same_command()}") from error


def _same_command() -> str:
    """What goes on with a search: the command that began it, but not another one beside it."""
    from bigmodel_cli.training.record import command_line

    return shlex.join(word for word in command_line() if word != "--new")


def _watching(searched: Searched, *, plain: bool) -> AbstractContextManager[Watcher]:
    """Who shows how the search goes, as a context: a display must be taken away."""
    import sys
    from contextlib import closing, nullcontext

    from bigmodel_cli.cli.tuned_lines import Course, Lines
    from bigmodel_cli.tuning.length import Length
    from bigmodel_cli.tuning.summary import keys_of

    tune, training = searched.tune, searched.loaded.experiment.training
    length = Length(training.epochs, training.time)
    course = Course(keys_of(searched.space), length, tune.trials, tune.seconds)
    if plain or not sys.stderr.isatty():
        return nullcontext(Lines(course))
    from bigmodel_cli.cli.tuned_live import Live

    return closing(Live(course))


def _end(summary: SearchSummary, junit: Path | None, ci_summary: Path | None) -> None:
    """What the search came to as an exit code, and for continuous integration.

    Raises:
        BigmodelError: If no trial has a score, or the best one could not be evaluated.
        GateError: If the best one missed what the config expects.
    """
    from bigmodel_cli.cli.ci import write_for_ci
    from bigmodel_cli.errors import ResourceError
    from bigmodel_cli.gates import GateResult, require_gates
    from bigmodel_cli.reporting.ci import Checked
    from bigmodel_cli.reporting.run_summary import read_evaluation, summarise
    from bigmodel_cli.tuning.winner import is_concluded

    if summary.best is None:
        raise _without_score(summary)
    run = summary.folder.run(summary.best.number)
    best = summarise(run)
    document = None if best.split is None else read_evaluation(run, best.split)
    if not is_concluded(run) or document is None:
        why = best.record.get("error") or "its evaluation is missing"
        again = f"bigmodel evaluate {shlex.quote(run.title)}" if is_concluded(run) else _same_command()
        hint = f"this tries it again: {again}"
        raise ResourceError(f"{run.title}: the best trial was not evaluated: {why}", hint=hint)
    gates = [GateResult(**gate) for gate in best.gates]
    write_for_ci([Checked(run.title, document, gates)], junit, ci_summary)
    require_gates(gates)


def _without_score(summary: SearchSummary) -> BigmodelError:
    """No trial came to a score: the last failure says what kind of mistake that is."""
    from bigmodel_cli.errors import ResourceError
    from bigmodel_cli.workers.failing import error_called

    if not summary.failed:
        what = f"{summary.title}: no trial has begun: the time of tune.budget.time is over"
        return ResourceError(what, hint="give it more; the same command goes on")
    last = summary.failed[-1]
    what = f"{summary.title}: all {len(summary.failed)} trials failed; the last one: {last.reason}"
    return error_called(last.kind or "")(what, hint="mend the config, and begin another search: --new")
