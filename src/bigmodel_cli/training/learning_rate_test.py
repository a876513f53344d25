"""`learning_rate: auto`: a range test on a model that is thrown away."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bigmodel_cli.config.auto_rate import (
    class_of,
    default_rate,
    falls,
    inner_of,
    is_warmed_up,
    with_constant_rate,
    word_for,
)
from bigmodel_cli.errors import DivergedError
from bigmodel_cli.listener import Silent
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.feed import Chunk
from bigmodel_cli.pipeline.order import balanced_order, epoch_order
from bigmodel_cli.training.candidate import Candidate, make_candidate
from bigmodel_cli.training.keeping import Keeping
from bigmodel_cli.training.learning_rate import rate_text
from bigmodel_cli.training.plan import ExecutionPlan
from bigmodel_cli.training.rate_rule import Sweep, edge_of, has_come_apart, rate_below, rates_for
from bigmodel_cli.training.trial import no_trace
from bigmodel_cli.training.work import Work

# Gives a model the weights that training begins with, where these are others than its own.
Begin = Callable[[Any], object]

# What the steps of the test may be of those of the run; one sweep is made in any case.
SHARE = 0.03
MAX_SWEEPS = 5
# Examples that layers with `adapt()` learn from.
_SAMPLE = 2048


@dataclass(frozen=True)
class RateTest:
    """A range test and what came of it.

    Attributes:
        rate: The learning rate.
        edge: The rate up to which the loss fell; None where it did not, and the rate is Keras's default.
        sweeps: What was measured.
        steps: Training steps that it took.
        word: What on the command line gives the config that rate.
    """

    rate: float
    edge: float | None
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
            "steps": self.steps,
            "word": self.word,
            "sweeps": sweeps,
        }


def find_learning_rate(work: Work, plan: ExecutionPlan, begin: Begin | None = None) -> RateTest:
    """The learning rate that `auto` stands for; TensorFlow's state is to be started again after it.

    The same batch is trained on while the rate doubles from step to step, so that what changes the loss is
    the rate and not the batch; the next sweep begins with the same weights, and has another batch.

    Args:
        work: What is trained; an `auto` in its optimizer does not matter.
        plan: How it is executed.
        begin: Gives a model the weights that training begins with, where these are others than its own.

    Raises:
        ConfigError: If the model cannot be built.
        DivergedError: If the loss is no number before the first step.
    """
    import keras

    experiment = work.experiment
    sweeps, num_steps = _measured(work, plan, begin)
    keras.utils.clear_session()
    gc.collect()
    optimizer = inner_of(experiment.optimizer)
    # Others that have a momentum divide by it again, or do not use it to add up.
    momentum = optimizer.arguments.get("momentum") or 0.0 if class_of(optimizer) == "SGD" else 0.0
    edge = edge_of(sweeps)
    if edge is None:
        rate = default_rate(optimizer)
    else:
        steps = None if falls(experiment) else work.total_steps
        warm = is_warmed_up(experiment.optimizer)
        rate = rate_below(edge, steps=steps, is_warmed_up=warm, momentum=momentum)
    # All processes go on alike.
    rate = work.distribution.chiefs(rate)
    return RateTest(rate, edge, sweeps, num_steps, word_for(experiment.optimizer, rate))


def _measured(work: Work, plan: ExecutionPlan, begin: Begin | None) -> tuple[list[Sweep], int]:
    """Sweeps, and how many steps they took."""
    optimizer = inner_of(work.experiment.optimizer)
    budget, sweeps, steps = SHARE * work.total_steps, list[Sweep](), 0
    per_rate = optimizer.arguments.get("gradient_accumulation_steps") or 1
    keeping, candidate = _thrown_away(work, plan, begin)
    try:
        rates, feed = rates_for(class_of(optimizer)), candidate.training.feed
        for number in range(max(1, feed.epoch_size // feed.batch_size)):
            sweep = _sweep(candidate, number, rates, per_rate)
            steps += per_rate * len(sweep.losses) + 1
            if sweep.is_too_high and number == 0:
                rates = rates_for(class_of(optimizer), lower=True)
                sweep = _sweep(candidate, number, rates, per_rate)
                steps += per_rate * len(sweep.losses) + 1
            sweeps.append(sweep)
            if steps + per_rate * len(sweep.losses) + 1 > budget:
                break
    finally:
        candidate.fed.close()
        keeping.close()
    return sweeps, steps


def _thrown_away(work: Work, plan: ExecutionPlan, begin: Begin | None) -> tuple[Keeping, Candidate]:
    """Training steps of a model that is not trained any further, on the first batches of the first epoch."""
    constant = with_constant_rate(work.experiment.optimizer, 0.0)
    experiment, train = work.experiment.model_copy(update={"optimizer": constant}), work.splits.train
    strata = work.splits.strata(experiment.data)
    order = (
        epoch_order(len(train), seed=experiment.seed, epoch=1)
        if strata is None
        else balanced_order(strata, seed=experiment.seed, epoch=1)
    )
    first = train.take(order[: MAX_SWEEPS * work.batch_size])
    data = experiment.data.model_copy(update={"cache": "memory", "oversample": None})
    of_first = replace(
        work,
        experiment=experiment.model_copy(update={"data": data}),
        splits=replace(work.splits, parts={"train": first}),
        skipped=None if work.skipped is None else SkippedFiles(lambda _: None),
    )
    keeping = Keeping(of_first, Silent())
    # Weights of another run fit words by what was learned of all examples.
    adapted = train if begin is not None else train.take(order[:_SAMPLE]) if _is_held(train) else first
    candidate = make_candidate(
        replace(work, experiment=experiment), replace(plan, jit_compile=False), adapted, keeping.fed
    )
    if begin is not None:
        begin(candidate.built.model)
    candidate.fed.fill(of_first.skipped, Silent())
    return keeping, candidate


def _is_held(examples: Any) -> bool:
    return all(store.gathers for store in examples.inputs.values())


def _sweep(candidate: Candidate, number: int, rates: Sequence[float], per_rate: int) -> Sweep:
    """Train on one batch while the rate grows, until the loss comes apart; weights are put back.

    Raises:
        DivergedError: If the loss is no number before the first step.
    """
    training = candidate.training
    feed, optimizer = training.feed, candidate.built.model.optimizer
    chunk = feed.chunk(feed.rows(np.arange(feed.epoch_size), number, 1))
    losses: list[float] = []
    with no_trace(training):
        for rate in rates:
            optimizer.learning_rate = rate
            for _ in range(per_rate):
                losses.append(_loss(training, chunk))
            if not math.isfinite(losses[0]):
                raise DivergedError("the loss is not a number before the first step of the range test")
            if has_come_apart(losses[0], losses[-1]):
                break
        else:
            losses.append(_loss(training, chunk))
    # The loss of a step is the one before it.
    after = losses[per_rate::per_rate]
    return Sweep(losses[0], tuple(rates[: len(after)]), tuple(after))


def _loss(training: Any, chunk: Chunk) -> float:
    return float(training.run(chunk)[1])
