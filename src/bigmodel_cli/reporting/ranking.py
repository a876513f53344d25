"""Which of several runs is the best by a metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.config.naming import direction
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.reporting.chosen_runs import chosen_runs
from bigmodel_cli.reporting.run_summary import LOSS, SPLITS, RunSummary, directions_of, values_of

# Metrics of the best checkpoint's epoch on the validation split.
_VALIDATION = "val_"


@dataclass(frozen=True)
class Ranked:
    """A run with its value.

    Attributes:
        summary: The run.
        value: The metric.
    """

    summary: RunSummary
    value: float


@dataclass(frozen=True)
class Ranking:
    """Runs by a metric.

    Attributes:
        metric: As `expect` calls it, for instance `test_accuracy`.
        mode: `max` where more is better, else `min`.
        ranked: The best one first; of equal ones the newer.
        passed_over: Runs that have no place, each with the reason.
    """

    metric: str
    mode: str
    ranked: list[Ranked]
    passed_over: list[tuple[RunSummary, str]]

    @property
    def split(self) -> str | None:
        """The split that the metric is of; None of what is of none, such as seconds."""
        if is_validation(self.metric):
            return "validation"
        if "." in self.metric:
            return self.ranked[0].summary.split
        return next((split for split in SPLITS if self.metric.startswith(f"{split}_")), None)

    def notes(self, asked: str | None) -> Iterator[str]:
        """What speaks against choosing the first one of them.

        Args:
            asked: The metric as the user wrote it; None where none was written.
        """
        by_test = self.split == "test" and not (asked or "").startswith("test_")
        if by_test and len(self.ranked) > 1:
            yield (
                f"{self.metric} is of the test split: of the best of many runs it tells too much; "
                "choose by --metric val_…, and keep the test for the end"
            )
        yield from evaluated_alike([one.summary for one in self.ranked], self.split)

    def describe_passed_over(self) -> str | None:
        """One line for people; None where every run has its place."""
        names = [f"{summary.run.title} ({reason})" for summary, reason in self.passed_over]
        return f"passed over: {some(names, 5)}" if names else None


def rank(runs: Sequence[RunSummary], metric: str | None = None) -> Ranking:
    """Put complete runs in the order of a metric.

    Args:
        runs: Newest first.
        metric: `test_accuracy`, or `accuracy` for that of the validation split where there is one; None: the
            metric that tells most about the newest complete run.

    Raises:
        UsageError: If no run is complete, or none has the metric.
    """
    values = {summary.run.path: values_of(summary) for summary in runs}
    complete = [summary for summary in runs if summary.is_complete]
    if not complete:
        raise UsageError("none of the runs is complete", hint="see how they stand: bigmodel runs")
    name = (
        chosen_by(complete[0], values[complete[0].run.path])
        if metric is None
        else full_name(metric, complete, [*values.values()])
    )
    mode = direction(name, directions_of(runs))
    passed_over: list[tuple[RunSummary, str]] = []
    ranked = []
    for summary in runs:
        value = values[summary.run.path].get(name)
        if value is None:
            passed_over.append((summary, f"no {name}" if summary.is_complete else summary.status))
        else:
            ranked.append(Ranked(summary, value))
    ranked.sort(key=lambda one: -one.value if mode == "max" else one.value)
    if not ranked:
        raise UsageError(f"no complete run has the metric {name}")
    return Ranking(name, mode, ranked, passed_over)


def rank_chosen(words: Sequence[str], metric: str | None, runs_dir: Path) -> Ranking:
    """Put the runs that words mean, or all, in the order of a metric.

    Raises:
        UsageError: If there is none, or none is complete and has the metric.
    """
    return rank(chosen_runs(words, runs_dir), metric)


def is_validation(name: str) -> bool:
    """Whether a number is of the best epoch on the validation split, by which runs are chosen."""
    return name.startswith(_VALIDATION)


def headline(summary: RunSummary) -> str:
    """The metric that tells most about a complete run: the first one of its held-out split."""
    names = [*summary.metrics]
    name = next((name for name in names if name != LOSS), LOSS)
    return f"{summary.split or SPLITS[0]}_{name}"


def chosen_by(summary: RunSummary, values: Mapping[str, float]) -> str:
    """The metric by which runs are chosen: that of the validation split which tells most.

    Who chooses by the test split has fitted to it; it is what there is where no run has validation.
    """
    best = headline(summary)
    measured = [name for name in values if is_validation(name)]
    names = [f"{_VALIDATION}{best.partition('_')[2]}", *measured]
    of_classes = (name for name in names if name in measured and name != f"{_VALIDATION}{LOSS}")
    return next(of_classes, measured[0] if measured else best)


def full_name(metric: str, complete: Sequence[RunSummary], values: Sequence[Mapping[str, float]]) -> str:
    """`accuracy` as `val_accuracy`, or as `test_accuracy` where validation has none; others as they are.

    Args:
        metric: As the user wrote it.
        complete: Complete runs.
        values: What `values_of` knows of runs.

    Raises:
        UsageError: If no run has it.
    """
    known = dict.fromkeys(name for found in values for name in found)
    splits = [summary.split for summary in complete]
    for name in (metric, f"{_VALIDATION}{metric}", *(f"{split}_{metric}" for split in splits)):
        if name in known:
            return name
    # `f1` is `macro.f1`, the first of its kind; spelling alone would find nothing near it.
    near = closest(metric, known) or next((name for name in known if name.endswith(f".{metric}")), None)
    # Those of single classes would be a page.
    shown = [name for name in known if "per_class" not in name]
    hint = f"did you mean {near}?" if near else f"metrics: {', '.join(shown)}"
    raise UsageError(f"no complete run has a metric {metric!r}", hint=hint)


def evaluated_alike(runs: Sequence[RunSummary], split: str | None = None) -> Iterator[str]:
    """What speaks against comparing the results of runs: other splits, or other examples in them.

    Args:
        runs: With results.
        split: On which they are compared; None: on the one that the record of each has results of.
    """
    by_split: dict[str, set[str]] = {}
    for one in runs:
        name = one.split if split is None else split
        if name is not None:
            part = one.record.get("data", {}).get("splits", {}).get(name, {})
            by_split.setdefault(name, set()).add(part.get("sha256"))
    if len(by_split) > 1:
        yield f"the runs are evaluated on different splits: {', '.join(by_split)}"
    for split, digests in by_split.items():
        if len(digests) > 1:
            yield f"the {split} split is not the same in all runs: their numbers are of different examples"
