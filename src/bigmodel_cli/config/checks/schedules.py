"""Learning-rate schedules against the length of training and against callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from bigmodel_cli.config.auto_rate import AUTO, RATE, inner_of, rates_to_find
from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.facts import num_steps
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import ConfigPathKeys, dotted

_NUMBER = "write a number, for instance 1e-3"


def check(experiment: Experiment, report: Report) -> None:
    """A schedule fits into training, and is alone in deciding about the learning rate."""
    _check_auto(experiment, report)
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


def _check_auto(experiment: Experiment, report: Report) -> None:
    """One rate can be found: that of one optimizer, at the highest point of its schedule."""
    places, optimizer = rates_to_find(experiment.optimizer), inner_of(experiment.optimizer)
    own = (*optimizer.path, RATE)
    for number, place in enumerate(places):
        if place[: len(own)] != own:
            message = f"auto finds the rate of one optimizer, and {optimizer.name} has several"
            report.error(place, message, _NUMBER)
        elif number:
            message = f"auto finds one rate, and stands at {dotted(places[0])} already"
            report.error(place, message, _NUMBER)
    schedule = optimizer.arguments.get(RATE)
    if not isinstance(schedule, Component):
        return
    for key, value in schedule.arguments.items():
        if isinstance(value, list) and AUTO in value:
            place = (*schedule.path, key, value.index(AUTO))
            report.error(place, "auto finds one rate, and here is a list of them", _NUMBER)
    _check_warmup(schedule, places, report)


def _check_warmup(schedule: Component, places: Sequence[ConfigPathKeys], report: Report) -> None:
    """The highest rate of a schedule that is warmed up is the one that the warm-up goes to."""
    if schedule.arguments.get("warmup_target") in (None, AUTO):
        return
    if (lower := (*schedule.path, "initial_learning_rate")) in places:
        message = "auto finds the highest rate, and the warm-up goes from here up to warmup_target"
        report.error(lower, message, "write initial_learning_rate: 0.0, and warmup_target: auto")


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
