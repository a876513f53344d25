"""How a cross-validation is told: a line for each fold, then all of them side by side."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli.output import (
    duration,
    metrics_line,
    next_command,
    note,
    number,
    one_line,
    printable,
    table,
)
from bigmodel_cli.cli.progress import Lines
from bigmodel_cli.config.measures import said_once

if TYPE_CHECKING:
    from bigmodel_cli.config.schema import Fold
    from bigmodel_cli.crossvalidation.folder import CrossvalFolder
    from bigmodel_cli.crossvalidation.results import Results
    from bigmodel_cli.workers.job import Told


class Complete:
    """What the folds that are complete have come to.

    Args:
        folder: Of the cross-validation.
    """

    def __init__(self, folder: CrossvalFolder) -> None:
        self._folder = folder
        self._scores: list[dict[str, float]] = []

    def line(self, fold: Fold) -> str:
        """A fold that is complete now."""
        record = self._folder.run(fold).read_record()
        scores = said_once(record["test"])
        self._scores.append(scores)
        return f"{fold}: {metrics_line(scores)} in {duration(record['seconds'])}"

    def mean(self) -> dict[str, float]:
        """The scores that all folds have of which a line was made."""
        scores = list(self._scores)
        return {
            name: sum(one[name] for one in scores) / len(scores)
            for name in (scores[0] if scores else ())
            if all(name in one for one in scores)
        }


class FoldLines(Lines):
    """A line for each fold.

    Args:
        folder: Of the cross-validation.
    """

    def __init__(self, folder: CrossvalFolder) -> None:
        super().__init__()
        self._folder, self._complete = folder, Complete(folder)

    def opened(self, num_folds: int, num_done: int) -> None:
        going_on = f", {num_done} of them complete already" if num_done else ""
        self.say(f"{num_folds} folds{going_on}")

    def began(self, fold: Fold, number: int) -> None:
        self.say(f"{fold}: {self._folder.run(fold).title}")

    def told(self, fold: Fold, told: Told) -> None:
        if told.what == "downloading":
            self.download(**told.values)
        elif told.what == "died":
            self.warn(f"{fold}: its process is gone; it goes on in another one")

    def ended(self, fold: Fold, number: int) -> None:
        self.say(self._complete.line(fold))


def show_results(results: Results, folder: CrossvalFolder) -> None:
    """The folds side by side, their mean, and what all predictions together come to."""
    from bigmodel_cli.crossvalidation.page import named_fold, shown_scores
    from bigmodel_cli.evaluation_parts import intervals_in
    from bigmodel_cli.inference.label_problems import in_words
    from bigmodel_cli.scoring.names import measures

    names = shown_scores(results)
    rows = []
    for fold in results.folds:
        found = measures(fold.evaluation)
        rows.append([named_fold(results, fold), *(number(found[name]) for name in names)])
    over = [results.over_folds[name] for name in names]
    rows.append(["mean", *(number(one.mean) for one in over)])
    rows.append(["deviation", *(number(one.deviation) for one in over)])
    has_intervals = all(one.low is not None for one in over)
    if has_intervals:
        for end in ("low", "high"):
            rows.append([f"95 % {end}", *(number(getattr(one, end)) for one in over)])
    table(["fold", *map(one_line, names)], rows, numeric=names)
    if has_intervals:
        note("95 %: of the mean, by the corrected resampled t interval (Nadeau and Bengio 2003)")
    together = results.mean_document
    intervals = intervals_in(together)
    parts = []
    for name, value in said_once(together["metrics"]).items():
        interval = intervals.get(name)
        between = f" ({number(interval['low'])} to {number(interval['high'])})" if interval else ""
        parts.append(f"{one_line(name)} {number(value)}{between}")
    repeats = f", mean of {results.plan.num_repeats} repeats" if results.plan.num_repeats > 1 else ""
    click.echo(f"all {together['examples']:,} out-of-fold predictions{repeats}: {', '.join(parts)}")
    if sentences := "; ".join(in_words(results.label_problems)):
        click.echo(printable(f"{sentences}: see {folder.label_problems}"))
    for gate in results.gates:
        click.echo(printable(f"gate, on the mean: {gate}: {'met' if gate.met else 'MISSED'}"))
    note(f"written: {folder.page}, {folder.predictions}, {folder.results}")
    next_command(f"bigmodel report {shlex.quote(str(folder.run(_first(results)).path))} --open")


def _first(results: Results) -> Fold:
    return next(iter(results.plan.folds()))
