"""What fits into memory, and what to say when it runs out."""

from __future__ import annotations

import gc
import math
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.modeling.backend import is_out_of_memory
from bigmodel_cli.training.gauges import Bytes, Gauge, make_gauge
from bigmodel_cli.training.snapshot import no_trace
from bigmodel_cli.training.steps import TrainingSteps

# After a failure, so many halves of its batch size are tried.
NUM_HALVES = 4


@dataclass(frozen=True)
class Fit:
    """The largest size that fits.

    Attributes:
        size: That size; None where not even the smallest fits.
        stopped_by: Why no larger one does; None where the largest that was asked for does.
    """

    size: int | None
    stopped_by: Literal["memory", "time"] | None


def largest_that_fits(
    sizes: Sequence[int], step: Callable[[int], None], gauge: Gauge, *, max_seconds: float = math.inf
) -> Fit:
    """Try sizes, each twice the one before, as long as they fit.

    Where too much memory would end the process, a size is tried only if those before it say that it fits.

    Args:
        sizes: From small to large.
        step: One training step of a size.
        gauge: Measures what a step takes.
        max_seconds: A step may take.
    """
    largest: int | None = None
    peaks: list[Bytes] = []
    before = gauge.now()
    for size in sizes:
        if largest and not _fits(_next_peak(before, peaks), gauge.limits):
            return Fit(largest, "memory")
        peak = _peak_of(step, size, gauge)
        if peak is None:
            return Fit(_with_margin(largest, sizes, step, gauge) if gauge.fails_softly else largest, "memory")
        peaks.append(peak)
        if not _fits(peak, gauge.limits):
            return Fit(largest, "memory")
        seconds = _seconds(step, size) if max_seconds < math.inf else 0.0
        if seconds > max_seconds:
            return Fit(largest or size, "time")
        largest = size
        if 2 * seconds > max_seconds and size != sizes[-1]:
            return Fit(largest, "time")
    return Fit(largest, None)


def _next_peak(before: Bytes, peaks: Sequence[Bytes]) -> Bytes:
    """What twice the last size will take: memory grows in proportion to it."""
    last = peaks[-1]
    if len(peaks) == 1:
        return {kind: last[kind] + max(0, last[kind] - before[kind]) for kind in last}
    return {kind: last[kind] + 2 * max(0, last[kind] - peaks[-2][kind]) for kind in last}


def _fits(peak: Bytes, limits: Bytes) -> bool:
    return all(peak[kind] <= limit for kind, limit in limits.items())


def _peak_of(step: Callable[[int], None], size: int, gauge: Gauge) -> Bytes | None:
    """What a step takes; None where it fails, and then what it held is given back."""
    try:
        return gauge.peak_of(lambda: step(size))
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        traceback.clear_frames(error.__traceback__)
    gc.collect()
    return None


def _with_margin(
    size: int | None, sizes: Sequence[int], step: Callable[[int], None], gauge: Gauge
) -> int | None:
    """The size if a quarter more runs too, else the one before it."""
    if size is None or _peak_of(step, size + size // 4, gauge) is not None:
        return size
    return max([other for other in sizes if other < size], default=size)


def _seconds(step: Callable[[int], None], size: int) -> float:
    """Of a step that is compiled already."""
    began = time.perf_counter()
    step(size)
    return time.perf_counter() - began


def train_once(training: TrainingSteps, batch_size: int) -> None:
    """One training step on a batch of another size."""
    feed = training.feed
    usual, feed.batch_size = feed.batch_size, batch_size
    try:
        training.run(feed.chunk(feed.rows(np.arange(len(feed.examples)), 0, 1)))
    finally:
        feed.batch_size = usual


@contextmanager
def naming_memory(
    batch_size: int | Literal["auto"],
    training: Callable[[], TrainingSteps | None] = lambda: None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Say in a user's words that memory ran out, and which batch size fits.

    Args:
        batch_size: What was trained with.
        training: Gives the steps, where there are any, to try smaller batches with; that leaves no trace.
        say: Told that this is done, since it takes a while.

    Raises:
        ResourceError: If memory ran out.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        # The tensors that the failed step was called with.
        traceback.clear_frames(error.__traceback__)
        gc.collect()
        with_size = "" if batch_size == "auto" else f" with data.batch_size {batch_size}"
        raise ResourceError(
            f"memory ran out while training{with_size}", hint=_advice(batch_size, training(), say)
        ) from error


def _advice(
    batch_size: int | Literal["auto"], training: TrainingSteps | None, say: Callable[[str], None]
) -> str:
    if batch_size == "auto" or batch_size == 1:
        return "not even a batch of one fits: try a smaller model, smaller images, or mixed precision"
    gauge = None if training is None else make_gauge()
    # On the host a process whose memory ran out is in no state to try again: it would be killed or abort.
    if training is None or gauge is None or not gauge.fails_softly:
        return f"try data.batch_size={batch_size // 2}; data.batch_size=auto takes the largest that fits"
    say(f"memory ran out with batches of {batch_size}: looking for a size that fits")
    fitting = _half_that_fits(batch_size, training, gauge)
    if fitting is None:
        return f"try data.batch_size={max(1, batch_size >> NUM_HALVES + 1)}, or a smaller model"
    return f"data.batch_size={fitting} fits"


def _half_that_fits(batch_size: int, training: TrainingSteps, gauge: Gauge) -> int | None:
    """The largest half, quarter, … that a step was made with."""
    sizes = [batch_size >> number for number in range(NUM_HALVES, 0, -1) if batch_size >> number]
    try:
        with no_trace(training):
            return largest_that_fits(sizes, lambda size: train_once(training, size), gauge).size
    except Exception as error:
        # Copies of the weights need memory too.
        if not is_out_of_memory(error):
            raise
        return None
