"""Learning-rate schedules against the length of training and against callbacks."""

from __future__ import annotations

from typing import Any, TypeGuard

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.facts import num_steps
from bigmodel_cli.config.schema import Experiment


def check(experiment: Experiment, report: Report) -> None:
    """A schedule fits into training, and is alone in deciding about the learning rate."""
    rate = experiment.optimizer.arguments.get("learning_rate")
    if not isinstance(rate, Component):
        return
    for callback in experiment.training.callbacks:
        if callback.name == "ReduceLROnPlateau":
            message = f"{callback.name} changes the learning rate, but {rate.name} already decides about it"
            report.error(callback.path, message, "remove it, or write learning_rate as a number")
    steps = num_steps(experiment, report.facts)
    if steps is not None:
        _check_length(rate, steps, report)


def _check_length(rate: Component, steps: int, report: Report) -> None:
    in_all = f"training has {steps:,} step{'s' * (steps != 1)} in all"
    warmup = _number(rate, "warmup_steps")
    if warmup >= steps:
        report.warning(
            (*rate.path, "warmup_steps"),
            f"the warm-up takes {warmup:,.0f} steps; {in_all}, so it does not end",
            f"write a smaller number, for instance warmup_steps: {max(1, steps // 10)}",
        )
    decay = _number(rate, "decay_steps")
    if warmup < steps < warmup + decay:
        report.warning(
            (*rate.path, "decay_steps"),
            f"the schedule takes {warmup + decay:,.0f} steps; {in_all}, so it does not reach its end",
            "leave decay_steps out: it is filled in",
        )
    boundaries = rate.arguments.get("boundaries")
    late = [b for b in boundaries if _is_number(b) and b >= steps] if isinstance(boundaries, list) else []
    if late:
        message = f"the boundary {late[0]} is never reached; {in_all}"
        report.warning((*rate.path, "boundaries"), message)


def _number(component: Component, name: str) -> float:
    value = component.arguments.get(name)
    return float(value) if _is_number(value) else 0.0


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
