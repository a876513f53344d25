"""How two runs differ: config, data, environment, results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from bigmodel_cli.config.differences import differences
from bigmodel_cli.config.losses_and_metrics import Direction
from bigmodel_cli.config.naming import direction, named
from bigmodel_cli.errors import DataError
from bigmodel_cli.evaluation_parts import by_target, intervals_in, scores_in
from bigmodel_cli.reporting.run_summary import (
    SPLITS,
    RunSummary,
    directions_of,
    numbers_in,
    read_evaluation,
    read_settings,
    without_auto,
)
from bigmodel_cli.run_folder import CODE, FILES
from bigmodel_cli.signature import recorded_signature

# Enough of a sha256 to tell one from another.
SHOWN_DIGITS = 12
# Of these, neither more nor less is better by itself.
_NEUTRAL = ("epochs", "parameters")


@dataclass(frozen=True)
class Difference:
    """What is not the same in two runs.

    Attributes:
        key: What it is.
        one: In the first run; None where that has no such thing.
        other: In the second.
    """

    key: str
    one: Any
    other: Any


@dataclass(frozen=True)
class MetricDifference:
    """A metric of two runs.

    Attributes:
        metric: For instance `test_accuracy`.
        one: Of the first run.
        other: Of the second.
        difference: The second less the first.
        better: `one` or `other`; None where they are equal.
        intervals_overlap: Whether the 95 % intervals do; None where they are not known.
    """

    metric: str
    one: float
    other: float
    difference: float
    better: str | None
    intervals_overlap: bool | None


@dataclass(frozen=True)
class RunDifferences:
    """Everything in which two runs differ.

    Attributes:
        config: By dotted key of the resolved config.
        data: Sizes, fingerprints, classes.
        environment: Versions, device, machine, git commit.
        metrics: Every number that both have, also where it is the same.
        problems: What could not be compared, and why.
    """

    config: list[Difference]
    data: list[Difference]
    environment: list[Difference]
    metrics: list[MetricDifference]
    problems: list[str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compare_two(one: RunSummary, other: RunSummary) -> RunDifferences:
    """Find out in what two runs differ; a piece that is damaged is left out and named."""
    problems = [summary.problem for summary in (one, other) if summary.problem]
    try:
        found = differences(read_settings(one.run), read_settings(other.run))
        keys = without_auto(found, (one.record, other.record))
    except DataError as error:
        problems.append(error.message)
        keys = []
    return RunDifferences(
        [*(Difference(*row) for row in keys), *_differing(code_facts(one.record), code_facts(other.record))],
        _differing(data_facts(one), data_facts(other)),
        _differing(environment_facts(one.record), environment_facts(other.record)),
        list(_metric_differences(one, other, problems)),
        problems,
    )


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    keys = dict.fromkeys([*one, *other])
    return [Difference(key, one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)]


def code_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a run says of its user's own code: of each file as much as tells one from another."""
    files = record.get(FILES, {})
    code = {name: entry.get("sha256") for name, entry in files.items() if name.startswith(f"{CODE}/")}
    return {f"{name} sha256": _short(sha256) for name, sha256 in sorted(code.items())}


def data_facts(summary: RunSummary) -> dict[str, Any]:
    """What a run says of its data, by name; of fingerprints as much as tells one from another."""
    record = summary.record
    data, signature = record.get("data", {}), recorded_signature(record)
    facts: dict[str, Any] = {"example": signature.described if signature else None}
    targets = signature.targets if signature else {}
    for name, task in targets.items():
        facts["classes" if len(targets) == 1 else f"{name} classes"] = task.numbers["num_classes"]
    facts.setdefault("classes", None)
    facts["class names sha256"] = _short(record.get("labels_sha256"))
    for split, found in data.get("splits", {}).items():
        facts[f"{split} examples"] = found.get("examples")
        facts[f"{split} origin"] = found.get("origin")
        facts[f"{split} sha256"] = _short(found.get("sha256"))
    facts |= {f"skipped {name}": count for name, count in data.get("skipped", {}).items()}
    return facts


def _short(sha256: str | None) -> str | None:
    return sha256[:SHOWN_DIGITS] if sha256 else None


def environment_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says of where and with what it was trained, by name."""
    plan = record.get("plan", {})
    device = plan.get("device", {})
    return {
        **record.get("versions", {}),
        "git commit": record.get("git_commit"),
        "device": device.get("name"),
        "device model": device.get("model"),
        "processes": plan.get("processes", 1),
        "precision": plan.get("precision"),
        "XLA": plan.get("jit_compile"),
        "oneDNN": plan.get("onednn"),
        "host": record.get("host"),
        "platform": record.get("platform"),
    }


def _metric_differences(
    one: RunSummary, other: RunSummary, problems: list[str]
) -> Iterator[MetricDifference]:
    better = directions_of((one, other))
    for split in SPLITS:
        (left, left_intervals), (right, right_intervals) = (
            split_numbers(summary, split, problems) for summary in (one, other)
        )
        for name in (name for name in left if name in right):
            intervals = (left_intervals.get(name), right_intervals.get(name))
            yield metric_difference(f"{split}_{name}", (left[name], right[name]), intervals, better)
    for key in ("epochs", "seconds", "parameters"):
        pair = [numbers_in(summary.record).get(key) for summary in (one, other) if summary.is_complete]
        if len(pair) == 2 and pair[0] is not None and pair[1] is not None:
            yield metric_difference(key, (pair[0], pair[1]), (None, None))


Intervals = Mapping[str, Mapping[str, Any]]


def split_numbers(summary: RunSummary, split: str, problems: list[str]) -> tuple[dict[str, float], Intervals]:
    """What is known of a complete run on one of its splits: numbers by name, and their 95 % intervals.

    Args:
        summary: The run.
        split: Its name.
        problems: Is told of an evaluation that is damaged; the record has the main numbers all the same.
    """
    if not summary.is_complete:
        return {}, {}
    numbers = numbers_in(summary.record.get(split, {}))
    try:
        document = read_evaluation(summary.run, split)
    except DataError as error:
        problems.append(error.message)
        document = None
    if document is None:
        return numbers, {}
    macro = {
        named(target, f"macro.{name}"): value
        for target, part in by_target(document).items()
        for name, value in part.get("macro", {}).items()
    }
    found = numbers_in({**numbers, **document["metrics"], **scores_in(document), **macro})
    return found, intervals_in(document)


def metric_difference(
    metric: str,
    values: tuple[float, float],
    intervals: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None],
    directions: Mapping[str, Direction] = MappingProxyType({}),
) -> MetricDifference:
    """Compare one metric of two runs.

    Args:
        metric: Its name.
        values: Of either run.
        intervals: With `low` and `high`, where they are known.
        directions: Which values of the runs' own metrics are better, by name.
    """
    one, other = values
    better = None
    if one != other and metric not in _NEUTRAL:
        better = "one" if (one > other) == (direction(metric, directions) == "max") else "other"
    overlap = None
    if intervals[0] is not None and intervals[1] is not None:
        overlap = max(i["low"] for i in intervals if i) <= min(i["high"] for i in intervals if i)
    return MetricDifference(metric, one, other, other - one, better, overlap)
