"""What a config says of each of its targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_outputs import reading_of
from bigmodel_cli.config.reading import Reading
from bigmodel_cli.config.schema import Calibrate, Experiment
from bigmodel_cli.tasks.task import Task


@dataclass(frozen=True)
class Aim:
    """What a config says of one target, as if it had this one alone.

    Attributes:
        loss: Its loss.
        metrics: Its metrics; of `auto`, those that its task has by itself.
        model: The steps up to its output.
        reading: How the loss reads that output.
        source: Where the labels come from.
        weight: What its loss counts in the sum of several.
        calibrate: What is decided on its scores; None: nothing.
        class_weights: What an example counts by its class; None: all count the same.
    """

    loss: Component
    metrics: Sequence[Component]
    model: Sequence[Component]
    reading: Reading
    source: Component
    weight: float = 1.0
    calibrate: Calibrate | None = None
    class_weights: Any = None


def aims_of(experiment: Experiment, tasks: Mapping[str, Task]) -> dict[str, Aim]:
    """What a config says of each target.

    Args:
        experiment: The config.
        tasks: Of the targets, by name.
    """
    return {name: _aim(experiment, name, task) for name, task in tasks.items()}


def _aim(experiment: Experiment, name: str, task: Task) -> Aim:
    of_one = experiment.of_target(name)
    return Aim(
        of_one.loss,
        _metrics(of_one, task),
        of_one.model,
        reading_of(of_one.loss, of_one.model),
        experiment.data.source,
        experiment.loss_weights.get(name, 1.0),
        of_one.calibrate,
        of_one.data.class_weights,
    )


def _metrics(of_one: Experiment, task: Task) -> list[Component]:
    if of_one.metrics != "auto":
        return list(of_one.metrics)
    place = of_one.loss.place
    return [
        Component(name, "metrics", place, ("metrics",), task.metric_arguments.get(name, {}))
        for name in task.default_metrics
    ]
