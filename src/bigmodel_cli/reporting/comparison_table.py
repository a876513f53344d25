"""Several runs side by side: results, costs, what differs in their configs, and their curves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal

from bigmodel_cli.config.differences import differences
from bigmodel_cli.config.losses_and_metrics import Direction
from bigmodel_cli.config.naming import direction
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.reporting.chosen_runs import chosen_runs, is_pattern
from bigmodel_cli.reporting.ranking import evaluated_alike, full_name, headline, is_validation
from bigmodel_cli.reporting.run_summary import (
    LOSS,
    SPLITS,
    RunSummary,
    directions_of,
    read_settings,
    summarise,
    values_of,
    without_auto,
)
from bigmodel_cli.run_search import all_runs, find_run

Kind = Literal["metric", "seconds", "count", "text"]


@dataclass(frozen=True)
class Row:
    """One fact of all runs.

    Attributes:
        name: What it is.
        cells: Of each run; None where it has none.
        kind: How to write it.
        best: Indices of the runs that have the best value, where one is better than another.
    """

    name: str
    cells: list[Any]
    kind: Kind = "text"
    best: tuple[int, ...] = ()


@dataclass(frozen=True)
class Curve:
    """A column of metrics.csv over the epochs.

    Attributes:
        name: For instance `val_accuracy`.
        series: Of each run: epochs and values; None where it has no such column.
    """

    name: str
    series: list[tuple[list[float], list[float]] | None]


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side.

    Attributes:
        runs: In the order of the cells.
        rows: Status, results and costs.
        config: The keys of the resolved configs in which the runs differ.
        curves: Of validation, where there is one.
        notes: What a reader should know before taking the numbers for more than they are.
    """

    runs: list[RunSummary]
    rows: list[Row]
    config: list[Row]
    curves: list[Curve]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        return {
            "runs": [summary.as_json() for summary in self.runs],
            "rows": [{"name": row.name, "values": row.cells, "best": list(row.best)} for row in self.rows],
            "config": [{"key": row.name, "values": row.cells} for row in self.config],
            "notes": self.notes,
        }


def runs_to_compare(words: Sequence[str], runs_dir: Path) -> list[RunSummary]:
    """The runs that a user means, from old to new within a word.

    Args:
        words: One name alone means all its complete runs, and so does a pattern; of several names each means
            its newest complete run.
        runs_dir: Where they are kept.

    Raises:
        UsageError: If there are fewer than two, or no such run.
    """
    runs: dict[Path, RunSummary] = {}
    for word in words:
        for one in _meant(word, runs_dir, is_alone=len(words) == 1):
            runs.setdefault(one.run.path.resolve(), one)
    found = list(runs.values())
    if len(found) < 2:
        raise UsageError(
            f"{found[0].run.title}: one run alone cannot be compared",
            hint="name two or more, or a name with several complete runs; see them: bigmodel runs",
        )
    return found


def _meant(word: str, runs_dir: Path, *, is_alone: bool) -> list[RunSummary]:
    if is_pattern(word) or (is_alone and any(all_runs(runs_dir))):
        chosen = chosen_runs([word], runs_dir)
        if complete := [one for one in chosen if one.is_complete]:
            return complete[::-1]
    return [summarise(find_run(word, runs_dir))]


def compare(runs: Sequence[RunSummary], metrics: Sequence[str] = ()) -> Comparison:
    """Put runs side by side.

    Args:
        runs: Two or more.
        metrics: Which numbers to compare; none: those of the held-out splits. The curves are of the same.

    Raises:
        UsageError: If no run has such a metric.
    """
    values = [values_of(summary) for summary in runs]
    complete = [summary for summary in runs if summary.is_complete]
    bases = [_base(name) for name in metrics] or _default_bases(runs)
    curves = list(_curves(runs, bases))
    better = directions_of(runs)
    asked = list(_names(metrics, complete, values, curves))
    rows = [
        *_facts(runs),
        *(_metric_row(name, values, better) for name in asked),
        *(_default_rows(complete, values) if not metrics else ()),
        *_costs(runs, values),
    ]
    return Comparison(
        list(runs),
        [row for row in rows if any(cell is not None for cell in row.cells)],
        list(_config_rows(runs)),
        curves,
        list(_notes(runs)),
    )


def _names(
    metrics: Sequence[str],
    complete: Sequence[RunSummary],
    values: Sequence[Mapping[str, float]],
    curves: Sequence[Curve],
) -> Iterator[str]:
    for metric in metrics:
        try:
            yield full_name(metric, complete, values)
        except UsageError:
            # Of runs that are not complete there is only the curve.
            if _base(metric) not in {_base(curve.name) for curve in curves}:
                raise


def _default_rows(complete: Sequence[RunSummary], values: Sequence[Mapping[str, float]]) -> Iterator[Row]:
    """Validation, by which runs are chosen, and the held-out split, which tells how good the chosen one is.

    The best of the held-out split is not marked, unless there is nothing else to choose by.
    """
    validation = list(dict.fromkeys(name for found in values for name in found if is_validation(name)))
    held_out = dict.fromkeys(f"{one.split}_{name}" for one in complete for name in one.metrics)
    better = directions_of(complete)
    for name in validation:
        yield _metric_row(name, values, better)
    for name in held_out:
        row = _metric_row(name, values, better)
        yield replace(row, best=()) if validation else row


def _default_bases(runs: Sequence[RunSummary]) -> list[str]:
    """The metric that tells most, and the loss."""
    headlines = [_base(headline(summary)) for summary in runs if summary.is_complete]
    columns = [_base(name) for summary in runs for name in summary.columns if name.startswith("val_")]
    # Runs that are not complete have their columns alone.
    first = headlines[:1] or [name for name in columns if name != LOSS][:1]
    return list(dict.fromkeys([*first, LOSS]))


def _base(metric: str) -> str:
    """`accuracy` of `test_accuracy` and `val_accuracy`."""
    for prefix in (*SPLITS, "val"):
        metric = metric.removeprefix(f"{prefix}_")
    return metric


def _facts(runs: Sequence[RunSummary]) -> Iterator[Row]:
    yield Row("status", [one.status for one in runs])
    yield Row("started", [str(one.record.get("started", ""))[:16].replace("T", " ") or None for one in runs])


def _metric_row(name: str, values: Sequence[Mapping[str, float]], better: Mapping[str, Direction]) -> Row:
    cells = [found.get(name) for found in values]
    return Row(name, cells, "metric", best_of(cells, direction(name, better)))


def _costs(runs: Sequence[RunSummary], values: Sequence[Mapping[str, float]]) -> Iterator[Row]:
    yield Row("epochs", [one.epochs for one in runs], "count")
    yield Row("best epoch", [(one.record.get("best") or {}).get("epoch") for one in runs], "count")
    seconds = [found.get("seconds") for found in values]
    yield Row("time", seconds, "seconds", best_of(seconds, "min"))
    per_epoch = [_median_epoch(one) for one in runs]
    yield Row("time per epoch", per_epoch, "seconds", best_of(per_epoch, "min"))
    parameters = [one.record.get("parameters") for one in runs]
    yield Row("parameters", parameters, "count", best_of(parameters, "min"))
    yield Row("device", [one.device for one in runs])
    yield Row("precision", [one.record.get("plan", {}).get("precision") for one in runs])


def _median_epoch(summary: RunSummary) -> float | None:
    seconds = summary.columns.get("seconds")
    return median(seconds) if seconds else None


def best_of(cells: Sequence[float | None], mode: str) -> tuple[int, ...]:
    """Indices of the best values; none where all are equal, or there is nothing to be better than."""
    known = [cell for cell in cells if cell is not None]
    if len(set(known)) < 2:
        return ()
    best = max(known) if mode == "max" else min(known)
    return tuple(index for index, cell in enumerate(cells) if cell == best)


def _config_rows(runs: Sequence[RunSummary]) -> Iterator[Row]:
    """Each key in which a run differs from the first one whose config can be read."""
    settings = [_settings(summary) for summary in runs]
    base = next((one for one in settings if one is not None), None)
    found: dict[str, list[Any]] = {}
    for index, one in enumerate(settings):
        rows = differences(base, one) if one is not None else ()
        for key, value, other in without_auto(rows, [summary.record for summary in runs]):
            cells = found.setdefault(key, [value if each is not None else None for each in settings])
            cells[index] = other
    for key, cells in found.items():
        if key != "name":
            yield Row(key, cells)


def _settings(summary: RunSummary) -> dict[str, Any] | None:
    try:
        return read_settings(summary.run)
    except DataError:
        return None


def _curves(runs: Sequence[RunSummary], bases: Sequence[str]) -> Iterator[Curve]:
    for base in bases:
        # Curves of training and of validation in one picture would compare what cannot be compared.
        for name in (f"val_{base}", base):
            if any(name in summary.columns for summary in runs):
                yield Curve(name, [_series(summary, name) for summary in runs])
                break


def _series(summary: RunSummary, name: str) -> tuple[list[float], list[float]] | None:
    columns = summary.columns
    return (columns["epoch"], columns[name]) if columns.get(name) and "epoch" in columns else None


def _notes(runs: Sequence[RunSummary]) -> Iterator[str]:
    yield from dict.fromkeys([*evaluated_alike(runs), *evaluated_alike(runs, "validation")])
    if len({json.dumps(one.record.get("plan", {}).get("device")) for one in runs}) > 1:
        yield "the runs were trained on different devices: compare their times with care"
