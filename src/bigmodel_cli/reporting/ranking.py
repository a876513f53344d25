"""Which of several runs is the best by a metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.config.naming import direction
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.errors import UsageError
from bigmodel_cli.reporting.run_summary import LOSS, SPLITS, RunSummary, summaries, values_of
from bigmodel_cli.run_folder import all_runs


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

    def describe_passed_over(self) -> str | None:
        """One line for people; None where every run has its place."""
        names = [f"{summary.run.title} ({reason})" for summary, reason in self.passed_over]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return f"passed over: {', '.join(names[:5])}{more}" if names else None


def rank(runs: Sequence[RunSummary], metric: str | None = None) -> Ranking:
    """Put complete runs in the order of a metric.

    Args:
        runs: Newest first.
        metric: `test_accuracy`, or `accuracy` for that of the held-out split; None: the headline metric of
            the newest complete run.

    Raises:
        UsageError: If no run is complete, or none has the metric.
    """
    values = {summary.run.path: values_of(summary) for summary in runs}
    complete = [summary for summary in runs if summary.is_complete]
    if not complete:
        raise UsageError("none of the runs is complete", hint="see how they stand: bigmodel runs")
    name = headline(complete[0]) if metric is None else full_name(metric, complete, [*values.values()])
    mode = direction(name, "auto")
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


def rank_name(name: str | None, metric: str | None, runs_dir: Path) -> Ranking:
    """Put the runs of a name, or all, in the order of a metric.

    Raises:
        UsageError: If there is none, or none is complete and has the metric.
    """
    found = list(summaries(runs_dir, name))
    if not found:
        what = "there is no run" if name is None else f"{name}: no run has this name"
        names = dict.fromkeys(run.path.parent.name for run in all_runs(runs_dir))
        hint = (
            f"names there: {', '.join([*names][:8])}" if names else "train one first: bigmodel train CONFIG"
        )
        raise UsageError(f"{what} under {runs_dir}/", hint=hint)
    return rank(found, metric)


def headline(summary: RunSummary) -> str:
    """The metric that tells most about a complete run: the first one of its held-out split."""
    names = [*summary.metrics]
    name = next((name for name in names if name != LOSS), LOSS)
    return f"{summary.split or SPLITS[0]}_{name}"


def full_name(metric: str, complete: Sequence[RunSummary], values: Sequence[Mapping[str, float]]) -> str:
    """`accuracy` as `test_accuracy`; other names as they are.

    Args:
        metric: As the user wrote it.
        complete: Complete runs.
        values: What `values_of` knows of runs.

    Raises:
        UsageError: If no run has it.
    """
    known = dict.fromkeys(name for found in values for name in found)
    splits = [summary.split for summary in complete]
    for name in (metric, *(f"{split}_{metric}" for split in splits)):
        if name in known:
            return name
    # `f1` is `macro.f1`, the first of its kind; spelling alone would find nothing near it.
    near = closest(metric, known) or next((name for name in known if name.endswith(f".{metric}")), None)
    # Those of single classes would be a page.
    shown = [name for name in known if "per_class" not in name]
    hint = f"did you mean {near}?" if near else f"metrics: {', '.join(shown)}"
    raise UsageError(f"no complete run has a metric {metric!r}", hint=hint)


def evaluated_alike(runs: Sequence[RunSummary]) -> Iterator[str]:
    """What speaks against comparing the results of runs: other splits, or other examples in them."""
    by_split: dict[str, set[str]] = {}
    for one in runs:
        if one.split is not None:
            part = one.record.get("data", {}).get("splits", {}).get(one.split, {})
            by_split.setdefault(one.split, set()).add(part.get("sha256"))
    if len(by_split) > 1:
        yield f"the runs are evaluated on different splits: {', '.join(by_split)}"
    for split, digests in by_split.items():
        if len(digests) > 1:
            yield f"the {split} split is not the same in all runs: their numbers are of different examples"
