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


class FoldLines(Lines):
    """A line for each fold.

    Args:
        folder: Of the cross-validation.
        num_repeats: How often the examples are dealt.
    """

    def __init__(self, folder: CrossvalFolder, num_repeats: int) -> None:
        super().__init__()
        self._folder, self._num_repeats = folder, num_repeats

    def began(self, fold: Fold) -> None:
        self.say(f"{fold}: {self._folder.run(fold).title}")

    def told(self, fold: Fold, told: Told) -> None:
        pass

    def ended(self, fold: Fold) -> None:
        record = self._folder.run(fold).read_record()
        line = metrics_line(said_once(record["test"]))
        self.say(f"{fold}: {line} in {duration(record['seconds'])}")


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
    intervals = intervals_in(results.document)
    parts = []
    for name, value in said_once(results.document["metrics"]).items():
        interval = intervals.get(name)
        between = f" ({number(interval['low'])} to {number(interval['high'])})" if interval else ""
        parts.append(f"{one_line(name)} {number(value)}{between}")
    click.echo(f"all {results.document['examples']:,} out-of-fold predictions: {', '.join(parts)}")
    if sentences := "; ".join(in_words(results.label_problems)):
        click.echo(printable(f"{sentences}: see {folder.label_problems}"))
    for gate in results.gates:
        click.echo(printable(f"gate, on the mean: {gate}: {'met' if gate.met else 'MISSED'}"))
    note(f"written: {folder.page}, {folder.predictions}, {folder.results}")
    next_command(f"bigmodel report {shlex.quote(str(folder.run(_first(results)).path))} --open")


def _first(results: Results) -> Fold:
    return next(iter(results.plan.folds()))
