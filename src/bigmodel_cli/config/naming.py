"""The names that metrics have as columns and monitors, and which values are better, known without Keras."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.losses_and_metrics import METRICS, SHORTHANDS, Direction, metric_facts
from bigmodel_cli.config.measures import DIRECTIONS

LOSS = "loss"
# How far a model is from its teacher, beside the loss of training.
DISTILL_LOSS = "distill_loss"
VALIDATION = "val_"
# What metrics.csv has beside them.
OWN_COLUMNS = ("epoch", "seconds", "examples_per_second", "memory_mb", "learning_rate")
_PREFIXES = (VALIDATION, "validation_", "test_", "train_")
_NO_METRICS: Mapping[str, Direction] = {}


Metrics = Iterable[Component] | Mapping[str, Iterable[Component]] | Literal["auto"]


def metric_names(metrics: Metrics) -> list[str]:
    """Column names of metrics, in order."""
    return list(named_metrics(metrics))


def named_metrics(metrics: Metrics) -> dict[str, Component]:
    """Metrics by the names of their columns; those of several targets begin with the target's name."""
    if isinstance(metrics, str):
        return {}
    if not isinstance(metrics, Mapping):
        return {metric_name(metric): metric for metric in metrics}
    return {
        of_target(target, name): metric
        for target, of_one in metrics.items()
        for name, metric in named_metrics(of_one).items()
    }


def of_target(target: str, name: str) -> str:
    """What a metric, or the loss, of one of several targets is called: `income_accuracy`."""
    return f"{target}_{name}"


def so_far_of(target: str) -> str:
    """The input that has the text so far of a target which is written token by token."""
    return f"{target}.before"


def named(target: str, name: str) -> str:
    """What a number of a target is called beside those of others: `income_accuracy`, `income.macro.f1`.

    Args:
        target: Its name; "" where it is the only one.
        name: What the number is called where it is.
    """
    if not target:
        return name
    return f"{target}.{name}" if "." in name else of_target(target, name)


def metric_name(metric: Component) -> str:
    """What a metric is called in logs: its `name` argument, its shorthand, or its class in snake case."""
    given = metric.arguments.get("name")
    return str(given) if given is not None else snake_case(metric.name)


def snake_case(name: str) -> str:
    """A class name as Keras writes it in names: `TopKCategoricalAccuracy` → `top_k_categorical_accuracy`."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


def directions(metrics: Metrics) -> dict[str, Direction]:
    """Which value of the loss and of each metric is better, by name."""
    better: dict[str, Direction] = {LOSS: "min"}
    if isinstance(metrics, Mapping):
        better |= {of_target(target, LOSS): "min" for target in metrics}
    return better | {
        name: metric_facts(metric).better or "min" for name, metric in named_metrics(metrics).items()
    }


def direction(column: str, of_run: Mapping[str, Direction] = _NO_METRICS) -> Direction:
    """Which value of a column, a gate or a measure is better.

    Args:
        column: For instance `val_accuracy`, `test_loss`, `per_class.recall.min`.
        of_run: What `directions` says of the run's metrics, whose names users may choose.

    Returns:
        That of the metric or the measure; of a name that is neither, which only runs of earlier versions
        have, that of the known name that stands last in it, or else "min".
    """
    return known_direction(column, of_run) or "min"


def known_direction(column: str, of_run: Mapping[str, Direction] = _NO_METRICS) -> Direction | None:
    """As `direction`; None for a name in which nothing is known."""
    for name in _without_split(column):
        found = of_run.get(name) or _known().get(name)
        if found is not None:
            return found
    # `per_class.recall.cat`, `macro.f1` and `income.macro.f1`.
    _, *behind = column.split(".")
    return next((DIRECTIONS[part] for part in behind if part in DIRECTIONS), None) or _by_words(
        behind[0] if behind else column
    )


def _without_split(column: str) -> Iterable[str]:
    yield column
    for prefix in _PREFIXES:
        if column.startswith(prefix):
            yield column.removeprefix(prefix)


@cache
def _known() -> Mapping[str, Direction]:
    """Names that nobody chose: of Keras's metrics, their short forms, and what an evaluation measures."""
    known: dict[str, Direction] = {LOSS: "min"}
    for name, facts in {**METRICS, **SHORTHANDS}.items():
        known[snake_case(name)] = facts.better or "min"
    for short, behind in load_catalogue().identifiers("metrics").items():
        if behind is not None:
            known[short] = METRICS[behind].better or "min"
    return {**known, **DIRECTIONS}


def _by_words(name: str) -> Direction | None:
    words = name.lower().split("_")
    for end in range(len(words), 0, -1):
        for start in range(end):
            if (found := _known().get("_".join(words[start:end]))) is not None:
                return found
    return None
