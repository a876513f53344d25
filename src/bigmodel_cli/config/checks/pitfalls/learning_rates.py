"""Learning rates far from what an optimizer works with, and schedules that end long before training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.checks.pitfalls.pitfall import Finding, is_number
from bigmodel_cli.config.components import Component, entry_of
from bigmodel_cli.config.facts import DataFacts, num_steps
from bigmodel_cli.config.schema import Experiment

# Outside of these an optimizer was not seen to learn, or to hold together; Adadelta's own rate is 1.
_ADAPTIVE = (1e-7, 0.1)
_RANGES = {
    **dict.fromkeys(("Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "ScheduleFreeAdamW"), _ADAPTIVE),
    "Lamb": (1e-7, 0.2),
    "Lion": (1e-8, 0.01),
    "SGD": (1e-7, 10.0),
    "Muon": (1e-6, 0.5),
    "Adafactor": (1e-7, 0.5),
    "Adagrad": (1e-5, 2.0),
    "Ftrl": (1e-5, 2.0),
    "Adadelta": (0.02, 20.0),
}
# Schedules that stay where they end.
_ENDING = frozenset({"CosineDecay", "PolynomialDecay"})
_LONG_BEFORE = 0.75


def out_of_range(experiment: Experiment, _facts: DataFacts) -> Iterator[Finding]:
    """The highest rate of training is far too large or too small."""
    optimizer = _inner(experiment.optimizer)
    entry = entry_of(optimizer)
    entry = entry or load_catalogue().entry("optimizers", _class_of(optimizer.name))
    if entry is None or "learning_rate" not in entry.parameters:
        return
    written = optimizer.arguments.get("learning_rate", entry.parameters["learning_rate"].default)
    rate, (low, high) = _highest(written), _RANGES.get(entry.name, (0.0, float("inf")))
    if rate is None or (rate > 0 and low <= rate <= high):
        return
    is_written = "learning_rate" in optimizer.arguments
    what = f"the learning rate {rate:g}" if is_written else f"Keras's default of {entry.name}, {rate:g},"
    path = (*optimizer.path, "learning_rate") if is_written else optimizer.path
    if rate <= 0:
        message = "a learning rate of 0 learns nothing" if rate == 0 else f"{what} makes the loss larger"
        yield Finding(path, message, "write learning_rate: 1e-3, for instance")
        return
    verb = "is far larger" if rate > high else "is far smaller"
    advice = "its authors use learning_rate: 1.0" if entry.name == "Adadelta" else _usual(entry.name)
    yield Finding(path, f"{what} {verb} than {entry.name} learns with ({low:g} to {high:g})", advice)


def _usual(name: str) -> str:
    usual = {"SGD": "1e-2, with momentum: 0.9", "Lion": "1e-4", "Adagrad": "1e-2", "Ftrl": "1e-2"}
    return f"write learning_rate: {usual.get(name, '1e-3')}, for instance"


def _inner(optimizer: Component) -> Component:
    inner = optimizer.arguments.get("inner_optimizer")
    return _inner(inner) if isinstance(inner, Component) else optimizer


def _class_of(identifier: str) -> str:
    return load_catalogue().identifiers("optimizers").get(identifier) or ""


def _highest(rate: Any) -> float | None:
    """The largest rate that a number or a schedule comes to."""
    if not isinstance(rate, Component):
        return float(rate) if is_number(rate) else None
    names = ("initial_learning_rate", "warmup_target", "end_learning_rate")
    values = [rate.arguments.get(name) for name in names]
    listed = rate.arguments.get("values")
    numbers = [n for n in [*values, *(listed if isinstance(listed, list) else [])] if is_number(n)]
    return float(max(numbers)) if numbers else None


def early_end(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """A schedule is at its end when much of training is still to come."""
    rate, steps = experiment.optimizer.arguments.get("learning_rate"), num_steps(experiment, facts)
    if not isinstance(rate, Component) or rate.name not in _ENDING or not steps:
        return
    decay, warmup = rate.arguments.get("decay_steps"), rate.arguments.get("warmup_steps", 0)
    if not is_number(decay) or not is_number(warmup) or rate.arguments.get("cycle") is True:
        return
    end = decay + warmup
    if end < _LONG_BEFORE * steps:
        last = rate.arguments.get("alpha", 0.0) if rate.name == "CosineDecay" else None
        after = "0 from then on: nothing more is learned" if last == 0 else "the same from then on"
        yield Finding(
            (*rate.path, "decay_steps"),
            f"the schedule ends after {end:,.0f} steps (steps, not epochs), and training has {steps:,}: the "
            f"learning rate is {after}",
            "leave decay_steps out: it is filled in",
        )


def no_restart(experiment: Experiment, facts: DataFacts) -> Iterator[Finding]:
    """A schedule with restarts has none in the steps there are."""
    rate, steps = experiment.optimizer.arguments.get("learning_rate"), num_steps(experiment, facts)
    if isinstance(rate, Component) and rate.name == "CosineDecayRestarts" and steps:
        first = rate.arguments.get("first_decay_steps")
        if is_number(first) and first >= steps:
            yield Finding(
                (*rate.path, "first_decay_steps"),
                f"the first restart comes after {first:,} steps, and training has {steps:,}",
                f"write a smaller number, for instance {max(1, steps // 3)}",
            )
