"""The page itself: what it says, put into its template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from bigmodel_cli import reporting
from bigmodel_cli.config.measures import said_once
from bigmodel_cli.evaluation_parts import intervals_in
from bigmodel_cli.figures import svg
from bigmodel_cli.reporting.chosen import chosen_sentence
from bigmodel_cli.reporting.run_summary import read_evaluation, summarise
from bigmodel_cli.reporting.templates import compiled
from bigmodel_cli.run_folder import CHOSEN
from bigmodel_cli.tasks.sections import shown, titled
from bigmodel_cli.tuning.importance import how_found
from bigmodel_cli.tuning.journal import Metric, Trial
from bigmodel_cli.tuning.page.figures import (
    MOST_AXES,
    draw_epochs,
    draw_history,
    draw_parallel,
    draw_slices,
    draw_worth,
    scored,
)
from bigmodel_cli.tuning.summary import Key, SearchSummary
from bigmodel_cli.whole_files import write_text

# Figures of fewer trials show nothing.
_FEWEST = 2


def write_search_page(summary: SearchSummary) -> None:
    """Write search.html.

    Args:
        summary: A search of which at least one trial has a score.

    Raises:
        ResourceError: If it cannot be written.
    """
    text = render(page_content(summary))
    write_text(summary.folder.page, text.encode("utf-8", "backslashreplace").decode("utf-8"))


def render(content: Mapping[str, Any]) -> str:
    """The page as HTML; everything is escaped but figures and style, which are made here."""
    from markupsafe import Markup

    template = files(__package__).joinpath("search.html.j2").read_text("utf-8")
    css = files(reporting).joinpath("report", "page.css").read_text("utf-8")
    figures = {name: Markup(figure) for name, figure in content["figures"].items()}  # noqa: S704
    return compiled(template).render({**content, "figures": figures, "css": Markup(css)})  # noqa: S704


def page_content(summary: SearchSummary) -> dict[str, Any]:
    """The page's parts by the names that its template uses."""
    metric, best = summary.journal.metric, summary.best
    assert metric is not None
    assert best is not None
    keys = [key for key in summary.keys if any(key.name in trial.point for trial in scored(summary))]
    epochs = summary.epochs
    return {
        "name": summary.folder.path.name,
        "metric": titled(metric.column),
        "value": shown(metric.column, best.score or 0.0),
        "best": best.number,
        "early": best.reason,
        "test": _result(summary),
        "facts": list(_facts(summary)),
        "saved": {"epochs": epochs.saved, "planned": epochs.planned, "trained": epochs.trained},
        "stopped": [
            {"number": trial.number, "epochs": len(trial.scores), "reason": trial.reason}
            for trial in summary.stopped
        ],
        "figures": _figures(summary, metric, keys),
        "how_found": how_found(summary.journal),
        "num_hidden": max(0, len(keys) - MOST_AXES),
        "keys": [key.short for key in keys],
        "trials": [_row(summary, trial, keys) for trial in summary.journal.ranked],
        "failed": [
            {"number": trial.number, "reason": trial.reason, "values": summary.describe(trial.point)}
            for trial in summary.failed
        ],
        "config": summary.folder.best.read_text("utf-8") if summary.folder.best.exists() else "",
        "title": f"{summary.folder.path.parent.name}/{summary.folder.path.name}",
    }


def _result(summary: SearchSummary) -> dict[str, Any] | None:
    """The scores of the best run and what they are worth; None where it was not evaluated."""
    assert summary.best is not None
    run = summarise(summary.folder.run(summary.best.number))
    if run.split is None:
        return None
    document = read_evaluation(run.run, run.split)
    intervals = {} if document is None else intervals_in(document)
    rows = []
    for name, value in said_once(run.metrics).items():
        found = intervals.get(name)
        interval = f"{shown(name, found['low'])} to {shown(name, found['high'])}" if found else ""
        rows.append({"name": titled(name), "value": shown(name, value), "interval": interval})
    chosen = run.record.get(CHOSEN)
    return {
        "split": run.split,
        "rows": rows,
        "sentence": chosen_sentence(chosen, run.split) if chosen else "",
        "report": f"trials/{run.run.path.name}/{run.run.report.name}",
    }


def _facts(summary: SearchSummary) -> Iterator[tuple[str, str]]:
    minutes, seconds = divmod(round(summary.journal.seconds), 60)
    yield "trials", f"{len(summary.ended)} of {summary.num_trials}"
    yield "ended early", str(len(summary.stopped))
    yield "failed", str(len(summary.failed))
    yield "time", f"{minutes}:{seconds:02}"
    yield "a trial has", str(summary.length)


def _figures(summary: SearchSummary, metric: Metric, keys: list[Key]) -> dict[str, str]:
    if len(scored(summary)) < _FEWEST:
        return {}
    figures = {
        "history": svg(draw_history(summary, metric), "scores of trials in their order, and the best so far"),
        "epochs": svg(draw_epochs(summary, metric), "the metric of each trial over its epochs"),
        "parallel": svg(
            draw_parallel(summary, metric, keys[:MOST_AXES]),
            "a line for each trial through its values to its score",
        ),
        "slices": svg(draw_slices(summary, metric, keys), "scores by the values of each key"),
    }
    short = {key.name: key.short for key in keys}
    shares = {short[name]: share for name, share in summary.worth.items() if name in short}
    if any(shares.values()):
        figures["worth"] = svg(draw_worth(shares), "how much each key has decided")
    return figures


def _row(summary: SearchSummary, trial: Trial, keys: list[Key]) -> dict[str, Any]:
    assert summary.journal.metric is not None
    return {
        "number": trial.number,
        "score": shown(summary.journal.metric.column, trial.score or 0.0),
        "epochs": len(trial.scores),
        "is_early": len(trial.scores) < summary.planned(trial),
        "cells": [key.text(trial.point[key.name]) if key.name in trial.point else "" for key in keys],
    }
