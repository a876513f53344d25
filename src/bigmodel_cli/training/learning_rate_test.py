"""`learning_rate: auto`: a range test with the run's own model and compiled steps, which leaves no trace."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bigmodel_cli.config.auto_rate import class_of, default_rate, falls, inner_of, is_warmed_up, word_for
from bigmodel_cli.config.components import Component
from bigmodel_cli.errors import DivergedError
from bigmodel_cli.pipeline.feed import Chunk
from bigmodel_cli.training.candidate import Candidate
from bigmodel_cli.training.first_batches import first_batches
from bigmodel_cli.training.learning_rate import rate_text
from bigmodel_cli.training.rate_rule import (
    Sweep,
    as_multiple,
    edge_of,
    has_come_apart,
    rate_below,
    rates_for,
    steady_of,
)
from bigmodel_cli.training.snapshot import Snapshot
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.training.work import Work

# Gives a model the weights that training begins with, where these are others than its own.
Begin = Callable[[Any], object]

# What the steps of the test may be of those of the run; one sweep is made in any case.
SHARE = 0.028
MAX_SWEEPS = 5


@dataclass(frozen=True)
class RateTest:
    """A range test and what came of it.

    Attributes:
        rate: The learning rate.
        edge: The rate up to which the loss fell; None where it did not, and the rate is Keras's default.
        steady: The rate up to which it did not rise on the way; None likewise.
        sweeps: What was measured.
        steps: Training steps that it took.
        word: What on the command line gives the config that rate.
    """

    rate: float
    edge: float | None
    steady: float | None
    sweeps: Sequence[Sweep]
    steps: int
    word: str

    def describe(self) -> str:
        """One line for people."""
        rate = f"learning rate: {rate_text(self.rate)}"
        if self.edge is None:
            return f"{rate}, Keras's default: the loss fell at no rate"
        edge = f"the loss falls up to {rate_text(self.edge)}, by a range test of {self.steps} steps"
        return f"{rate} ({edge}; {self.word} repeats it)"

    def as_json(self) -> dict[str, Any]:
        """Plain data; a loss that is no finite number is null."""
        sweeps = [
            asdict(sweep) | {"losses": [loss if math.isfinite(loss) else None for loss in sweep.losses]}
            for sweep in self.sweeps
        ]
        return {
            "rate": self.rate,
            "edge": self.edge,
            "steady": self.steady,
            "steps": self.steps,
            "word": self.word,
            "sweeps": sweeps,
        }


def find_learning_rate(work: Work, candidate: Candidate, begin: Begin | None = None) -> RateTest:
    """The learning rate that `auto` stands for.

    The same batch is trained on while the rate doubles from step to step, so that what changes the loss is
    the rate and not the batch; the next sweep begins with the same weights, and has another batch.

    Args:
        work: What is trained.
        candidate: Its model, with compiled steps that try rates; both are left as they were.
        begin: Gives a model the weights that training begins with, where these are others than its own.

    Raises:
        DivergedError: If the loss is no number before the first step.
    """
    experiment = work.experiment
    sweeps, num_steps = _measured(work, candidate, begin)
    optimizer = inner_of(experiment.optimizer)
    # Others that have a momentum divide by it again, or do not use it to add up.
    momentum = optimizer.arguments.get("momentum") or 0.0 if class_of(optimizer) == "SGD" else 0.0
    edge = edge_of(sweeps)
    steady = None if edge is None else steady_of(sweeps)
    if edge is None or steady is None:
        rate = default_rate(optimizer)
    else:
        steps = None if falls(experiment) else work.total_steps
        warm = is_warmed_up(experiment.optimizer)
        rate = rate_below(edge, steady, steps=steps, is_warmed_up=warm, momentum=momentum)
    if isinstance(optimizer.arguments.get("learning_rate"), Component):
        # Compiled steps follow a schedule whose rates became so many times as large, to the last digit.
        rate = as_multiple(rate, default_rate(optimizer))
    # All processes go on alike.
    rate = work.distribution.chiefs(rate)
    return RateTest(rate, edge, steady, sweeps, num_steps, word_for(experiment.optimizer, rate))


def _measured(work: Work, candidate: Candidate, begin: Begin | None) -> tuple[list[Sweep], int]:
    """Sweeps, and how many steps they took."""
    training = candidate.training
    optimizer = inner_of(work.experiment.optimizer)
    budget, sweeps, steps = SHARE * work.total_steps, list[Sweep](), 0
    per_rate = optimizer.arguments.get("gradient_accumulation_steps") or 1
    rates = rates_for(class_of(optimizer))
    built = Snapshot(training)
    try:
        begun = built
        if begin is not None:
            begin(candidate.built.model)
            begun = Snapshot(training)
        for chunk in first_batches(work, candidate.fed):
            if sweeps:
                begun.put_back()
            sweep = _sweep(training, chunk, rates, per_rate)
            steps += per_rate * len(sweep.losses) + 1
            if sweep.is_too_high and not sweeps:
                begun.put_back()
                rates = rates_for(class_of(optimizer), lower=True)
                sweep = _sweep(training, chunk, rates, per_rate)
                steps += per_rate * len(sweep.losses) + 1
            sweeps.append(sweep)
            if len(sweeps) == MAX_SWEEPS or steps + per_rate * len(sweep.losses) + 1 > budget:
                break
    finally:
        built.put_back()
    return sweeps, steps


def _sweep(training: TrainingSteps, chunk: Chunk, rates: Sequence[float], per_rate: int) -> Sweep:
    """Train on one batch while the rate grows, until the loss comes apart.

    Raises:
        DivergedError: If the loss is no number before the first step.
    """
    assert training.rate is not None
    losses: list[float] = []
    for rate in rates:
        training.rate.use(rate)
        losses += [training.run(chunk)[1] for _ in range(per_rate)]
        if not math.isfinite(losses[0]):
            raise DivergedError("the loss is not a number before the first step of the range test")
        if has_come_apart(losses[0], losses[-1]):
            break
    else:
        losses.append(training.run(chunk)[1])
    # The loss of a step is the one before it.
    after = losses[per_rate::per_rate]
    return Sweep(losses[0], tuple(rates[: len(after)]), tuple(after))
