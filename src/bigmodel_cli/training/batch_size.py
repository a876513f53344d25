"""`data.batch_size: auto`: found by real training steps of a model that is thrown away."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.replicas.distribution import SINGLE
from bigmodel_cli.pipeline.cache_choice import CacheChoice
from bigmodel_cli.pipeline.feed import Feed
from bigmodel_cli.sources.stores import Wrapped
from bigmodel_cli.training.candidate import make_candidate
from bigmodel_cli.training.gauges import Gauge, HostGauge, make_gauge
from bigmodel_cli.training.keeping import Fed
from bigmodel_cli.training.memory import largest_that_fits, train_once
from bigmodel_cli.training.plan import ExecutionPlan
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.training.work import Work

LARGEST = 4096
MIN_STEPS_PER_EPOCH = 10
# A signal is heeded once the step has ended.
MAX_STEP_SECONDS = 5.0
# On a GPU each size is compiled anew, and the smallest ones fit nearly always.
FIRST_ON_GPU = 8
# Where the system does not tell how much memory there is.
LARGEST_UNMEASURED = 32
# Examples that layers with `adapt()` learn from; only shapes matter here.
_SAMPLE = 32


@dataclass(frozen=True)
class BatchSize:
    """A batch size that was found.

    Attributes:
        size: Examples per step.
        reason: Why it is not larger.
    """

    size: int
    reason: str


def choose_batch_size(work: Work, plan: ExecutionPlan, listener: Listener) -> int:
    """What `batch_size: auto` stands for; TensorFlow's state is to be started again after it.

    Args:
        work: What is trained; of processes that train together the one with the least memory decides.
        plan: How it is executed.
        listener: Is told the number.

    Raises:
        ResourceError: If not even one example fits into memory.
        ConfigError: If the model cannot be built.
    """
    import keras

    found = find_batch_size(work, plan)
    keras.utils.clear_session()
    gc.collect()
    size = int(work.distribution.everyones([found.size]).min())
    listener.say(f"batch size: {size} ({found.reason}; data.batch_size={size} repeats it)")
    return size


def find_batch_size(work: Work, plan: ExecutionPlan) -> BatchSize:
    """The largest power of two that fits into memory and the limits of `candidates`, on each of the GPUs.

    Raises:
        ResourceError: If not even one example fits into memory.
    """
    gauge = make_gauge()
    # Logical devices of the CPU share its memory: there a batch takes what it takes on one.
    num_parts = plan.processes * (plan.device.replicas if plan.device.is_gpu else 1)
    num_examples = len(work.splits.train)
    sizes = candidates(num_examples, num_parts)
    if not gauge.limits and not gauge.fails_softly:
        sizes = [size for size in sizes if size <= LARGEST_UNMEASURED]
    first = FIRST_ON_GPU if plan.device.is_gpu and sizes[-1] >= FIRST_ON_GPU else 1
    with _throw_away_steps(replace(work, batch_size=first, distribution=SINGLE), plan) as training:

        def fit(of: Sequence[int]) -> BatchSize | None:
            found = largest_that_fits(
                of, lambda size: train_once(training, size), gauge, max_seconds=MAX_STEP_SECONDS
            )
            if found.size is None:
                return None
            reason = _limit(num_examples, gauge)
            if found.stopped_by is not None:
                reason = _stopped(found.stopped_by, gauge, plan)
            return BatchSize(found.size * num_parts, reason)

        larger, smaller = ([size for size in sizes if (size >= first) is wanted] for wanted in (True, False))
        found = fit(larger) or fit(smaller)
    if found is None:
        raise ResourceError(
            "data.batch_size: auto: not even a batch of one example fits into memory",
            hint="try a smaller model or smaller examples, or data.batch_size=1 to train all the same",
        )
    return found


def candidates(num_examples: int, num_parts: int = 1) -> list[int]:
    """Powers of two up to 4,096, and to a tenth of the examples for all parts together, and 1 in any case."""
    most = max(1, min(LARGEST, num_examples // (MIN_STEPS_PER_EPOCH * num_parts)))
    return [2**power for power in range(most.bit_length())]


def estimate_batch_size(num_examples: int, bytes_of: Callable[[int], int]) -> int:
    """What `auto` will be about, with no step made.

    Args:
        num_examples: Of the training split.
        bytes_of: Estimated memory of a training step by its batch size.
    """
    limits = HostGauge().limits.values()
    fitting = [size for size in candidates(num_examples) if all(bytes_of(size) <= limit for limit in limits)]
    return max(fitting, default=1)


def _stopped(by: str, gauge: Gauge, plan: ExecutionPlan) -> str:
    if by == "time":
        return f"the largest power of two with steps of less than {MAX_STEP_SECONDS:.0f} seconds"
    if not gauge.limits:
        return f"the largest power of two that fits on {plan.device.model}"
    return f"the largest power of two that fits in {min(gauge.limits.values()) / 1e9:.2g} GB"


def _limit(num_examples: int, gauge: Gauge) -> str:
    if not gauge.limits and not gauge.fails_softly:
        return "how much memory there is, this system does not tell"
    if num_examples // MIN_STEPS_PER_EPOCH >= LARGEST:
        return "auto goes no further"
    return f"the largest power of two with {MIN_STEPS_PER_EPOCH} steps per epoch"


@contextmanager
def _throw_away_steps(work: Work, plan: ExecutionPlan) -> Iterator[TrainingSteps]:
    """Training steps of a model that is not trained any further."""
    splits = work.splits
    sample = splits.train.take(np.arange(min(_SAMPLE, len(splits.train))))
    # No file is decoded to find out how many fit.
    examples = splits.train.with_inputs(lambda store: _Blank(store) if store.array is None else store)
    feed = Feed(examples, work.batch_size)
    try:
        yield make_candidate(
            work, plan, sample, lambda built: Fed(built, {"train": feed}, CacheChoice("none"))
        ).training
    finally:
        feed.close()


class _Blank(Wrapped):
    """Nothing but zeros."""

    def read_into(self, index: int, out: np.ndarray) -> None:
        out[...] = 0
