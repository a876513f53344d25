"""What `tune` prints when a search has ended, and `runs show` of one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli.output import duration, metrics_line, next_command, number, one_line, table
from bigmodel_cli.config.measures import said_once
from bigmodel_cli.cut import cut, some

if TYPE_CHECKING:
    from bigmodel_cli.reporting.run_summary import RunSummary
    from bigmodel_cli.tuning.journal import Trial
    from bigmodel_cli.tuning.summary import SearchSummary

# As many of the best trials as the table has; `runs show --json` has all.
_MOST = 10
# Of failed trials as many are named.
_MOST_FAILED = 5
_REASON = 100
# Keys that have decided less are not named.
_LEAST_SHARE = 0.005


def search_as_json(summary: SearchSummary) -> dict[str, Any]:
    """A search as the one document of `tune --json` and `runs show --json`."""
    journal, epochs, best = summary.journal, summary.epochs, summary.best
    document: dict[str, Any] = {
        "search": str(summary.folder.path),
        "status": summary.status,
        "metric": _metric_as_json(summary),
        "seconds": journal.seconds,
        "epochs": {"trained": epochs.trained, "planned": epochs.planned, "saved": epochs.saved},
        "importance": summary.worth,
        "num_trials": summary.num_trials,
        "best": None if best is None else _trial_as_json(summary, best),
        "trials": [_trial_as_json(summary, trial) for trial in journal.trials.values()],
    }
    if best is not None:
        run = _best_run(summary)
        document["best_config"] = str(summary.folder.best)
        document["page"] = str(summary.folder.page)
        if run.split is not None:
            document[run.split] = run.record[run.split]
        document["gates"] = run.gates
    return document


def _trial_as_json(summary: SearchSummary, trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "run": _run_of(summary, trial),
        "status": trial.status,
        "score": trial.score,
        "epoch": trial.epoch,
        "epochs": len(trial.scores),
        "seconds": trial.seconds,
        "reason": trial.reason,
        "values": {
            key.name: key.plain(trial.point[key.name]) for key in summary.keys if key.name in trial.point
        },
        "words": list(trial.words),
    }


def search_in_brief(summary: SearchSummary) -> dict[str, Any]:
    """A search as `runs ls --json` has it, beside runs."""
    best = summary.best
    return {
        "search": str(summary.folder.path),
        "status": summary.status,
        "metric": _metric_as_json(summary),
        "seconds": summary.journal.seconds,
        "num_trials": summary.num_trials,
        "ended": len(summary.ended),
        "stopped": len(summary.stopped),
        "failed": len(summary.failed),
        "best": best and {"trial": best.number, "run": _run_of(summary, best), "score": best.score},
    }


def _metric_as_json(summary: SearchSummary) -> dict[str, str] | None:
    metric = summary.journal.metric
    return None if metric is None else {"column": metric.column, "better": "max" if metric.is_max else "min"}


def _run_of(summary: SearchSummary, trial: Trial) -> str:
    return str(summary.folder.run(trial.number).path)


def list_searches(summaries: Sequence[SearchSummary]) -> None:
    """Searches as a table, a line each; nothing where there is none."""
    rows = [
        [
            summary.title,
            summary.status,
            duration(summary.journal.seconds),
            _counts(summary),
            _best_in_brief(summary),
        ]
        for summary in summaries
    ]
    if rows:
        table(["search", "status", "time", "trials", "best"], rows, numeric=["time"])


def _best_in_brief(summary: SearchSummary) -> str:
    best, metric = summary.best, summary.journal.metric
    if best is None or metric is None or best.score is None:
        return ""
    return f"{metric.column} {number(best.score)}, trial {best.number}"


def show_search(summary: SearchSummary) -> None:
    """A search for people: the table of its best trials, what it came to, and what to type next."""
    _print_best(summary)
    for name, text in _lines(summary):
        click.echo(f"{name:<10}{one_line(text)}")
    _say_next(summary)


def _print_best(summary: SearchSummary) -> None:
    ranked, metric = summary.journal.ranked[:_MOST], summary.journal.metric
    if metric is None or not ranked:
        return
    # Of a key that none of these trials has there is nothing to see.
    keys = [key for key in summary.keys if any(key.name in trial.point for trial in ranked)]
    rows = [
        [
            str(trial.number),
            number(trial.score or 0.0),
            _epochs(summary, trial),
            *(key.text(trial.point[key.name]) if key.name in trial.point else "" for key in keys),
        ]
        for trial in ranked
    ]
    names = ["trial", metric.column, "epochs", *(key.short for key in keys)]
    numeric = [*names[:3], *(key.short for key in keys if key.is_number)]
    table(names, rows, numeric=numeric)


def _epochs(summary: SearchSummary, trial: Trial) -> str:
    trained, planned = len(trial.scores), summary.planned(trial)
    return f"{trained} of {planned}" if trained < planned else str(trained)


def _lines(summary: SearchSummary) -> Iterator[tuple[str, str]]:
    """What a search came to, a line each, with what it is."""
    yield "search", f"{summary.title}, {summary.status}, {duration(summary.journal.seconds)}"
    yield "trials", _counts(summary)
    epochs = summary.epochs
    if epochs.saved:
        yield "epochs", f"{epochs.trained} trained; early ends saved {epochs.saved} of {epochs.planned}"
    yield from _failures(summary)
    best, metric = summary.best, summary.journal.metric
    if best is None or metric is None or best.score is None:
        return
    early = "" if best.reason is None else f"; ended early: {best.reason}"
    of = f"trial {best.number}, {metric.column} {number(best.score)} after epoch {best.epoch}{early}"
    yield "best", of
    if any(summary.worth.values()):
        yield "decided", _decided(summary)
    yield from _result(_best_run(summary), len(summary.journal.ranked))
    if summary.folder.page.exists():
        yield "page", f"{summary.title}/{summary.folder.page.name}"


def _decided(summary: SearchSummary) -> str:
    """How much each key has decided."""
    short = {key.name: key.short for key in summary.keys}
    return some(
        f"{short[name]} {share:.0%}" for name, share in summary.worth.items() if share >= _LEAST_SHARE
    )


def _counts(summary: SearchSummary) -> str:
    stopped, failed = len(summary.stopped), len(summary.failed)
    parts = [f"{len(summary.ended)} of {summary.num_trials}"]
    parts += [f"{stopped} ended early"] if stopped else []
    parts += [f"{failed} failed"] if failed else []
    return ", ".join(parts)


def _failures(summary: SearchSummary) -> Iterator[tuple[str, str]]:
    for trial in summary.failed[:_MOST_FAILED]:
        yield "failed", f"trial {trial.number}: {cut((trial.reason or '').replace(chr(10), ' '), _REASON)}"
    more = len(summary.failed) - _MOST_FAILED
    if more > 0:
        yield "", f"and {more} more: bigmodel runs show {shlex.quote(summary.title)} --json"


def _best_run(summary: SearchSummary) -> RunSummary:
    from bigmodel_cli.reporting.run_summary import summarise

    assert summary.best is not None
    return summarise(summary.folder.run(summary.best.number))


def _result(run: RunSummary, num_trials: int) -> Iterator[tuple[str, str]]:
    """The scores of the best run; which of them may be believed."""
    if run.split is None:
        return
    scores = metrics_line({f"{run.split}_{name}": value for name, value in said_once(run.metrics).items()})
    yield "result", scores
    if run.split == "test":
        yield "", f"measured once; the validation score, the best of {num_trials}, is a little too good"
    else:
        yield "", f"there is no test split: the best of {num_trials} on validation is a little too good"
    yield "report", f"{run.run.title}/{run.run.inside(run.run.report)}"
    for gate in run.gates:
        yield "gate", f"{gate['metric']} {gate['expected']}: {'met' if gate['met'] else 'MISSED'}"


def _say_next(summary: SearchSummary) -> None:
    if summary.best is None or not summary.folder.best.exists():
        return
    best = shlex.quote(f"{summary.title}/{summary.folder.best.name}")
    run = shlex.quote(summary.folder.run(summary.best.number).title)
    trials = shlex.quote(summary.title)
    next_command(
        f"bigmodel train {best}", f"bigmodel evaluate {run}", f"bigmodel runs compare {trials}/trials/*"
    )
