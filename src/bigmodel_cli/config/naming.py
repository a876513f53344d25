"""The names that Keras gives to metrics, known without Keras: they are columns and monitors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from bigmodel_cli.config.components import Component

# Keras's shorthands keep the name they are written with; all other metrics are called by their class.
SHORTHANDS = {"accuracy": "accuracy", "acc": "acc", "crossentropy": "crossentropy", "ce": "ce"}


def metric_names(metrics: Iterable[Component]) -> list[str]:
    """Column names of metrics, in order."""
    return [metric_name(metric) for metric in metrics]


def metric_name(metric: Component) -> str:
    """What a metric is called in logs: its `name` argument, its shorthand, or its class in snake case."""
    if "name" in metric.arguments:
        return str(metric.arguments["name"])
    return SHORTHANDS.get(metric.name) or snake_case(metric.name)


def snake_case(name: str) -> str:
    """A class name as Keras writes it in names: `TopKCategoricalAccuracy` → `top_k_categorical_accuracy`."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


# Metrics of which more is better; all others (losses, errors, divergences) are better when smaller.
_LARGER_IS_BETTER = (
    "acc",
    "auc",
    "precision",
    "recall",
    "f1",
    "fbeta",
    "iou",
    "r2",
    "specificity",
    "sensitivity",
)


def direction(monitor: str, mode: str) -> Literal["min", "max"]:
    """Whether a smaller or a larger value of a metric is better."""
    if mode in ("min", "max"):
        return mode  # type: ignore[return-value]
    name = monitor.removeprefix("val_")
    return "max" if any(part in name for part in _LARGER_IS_BETTER) else "min"
