"""Threads that compute for one model; what waits is computed together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.inference.batches import Computed, Prediction, side_by_side
from bigmodel_cli.kinds.inputs import Batch

# Sizes of batches that are tried, and for how long altogether.
_SIZES, _SECONDS = (2, 4, 8, 16, 32, 64), 2.0
_CALLS = 5
# A larger batch has to take so much less for each example.
_WORTH = 0.9


@dataclass(frozen=True, slots=True)
class Made:
    """What was computed for one request.

    Attributes:
        outputs: Of the examples without an error, as the engine gives them; None where there are none.
        errors: One per example: why there is no output, or None.
        predictions: As `predict` has them, where they are wanted.
        batch_size: How many examples were computed together.
    """

    outputs: Any
    errors: Sequence[str | None]
    predictions: Sequence[Prediction] | None
    batch_size: int


@dataclass(frozen=True, eq=False, slots=True)
class Job:
    """A request that waits for its model.

    Attributes:
        batch: Its examples.
        wants_answers: Whether more than the model's outputs is wanted.
        settle: Takes what was made, or what went wrong.
        is_wanted: Whether anybody still waits.
    """

    batch: Batch
    wants_answers: bool
    settle: Callable[[Made | BaseException], None]
    is_wanted: Callable[[], bool]

    def __len__(self) -> int:
        return len(self.batch.inputs)


# Computes a batch, and answers it where that is wanted.
Compute = Callable[[Batch, bool], tuple[Computed, Sequence[Prediction] | None]]


class Batcher:
    """Gives jobs to threads, in order; those that wait go together as far as that pays.

    Args:
        computes: One for each thread.
        most: How many examples go together.
    """

    def __init__(self, computes: Sequence[Compute], most: int) -> None:
        self.most = most
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._work, args=(compute,), name="model", daemon=True)
            for compute in computes
        ]
        for thread in self._threads:
            thread.start()

    def put(self, job: Job) -> None:
        """Let a job wait for its turn; also of one that is closed what was put is computed."""
        with self._changed:
            self._jobs.append(job)
            if self._is_closed and not any(thread.is_alive() for thread in self._threads):
                job.settle(RuntimeError("the model is closed"))
            self._changed.notify()

    def close(self) -> None:
        """Let the threads end when nothing waits any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def join(self) -> None:
        """Wait for the threads' end."""
        for thread in self._threads:
            thread.join()

    def _work(self, compute: Compute) -> None:
        while jobs := self._next():
            wanted = [job for job in jobs if job.is_wanted()]
            if wanted:
                _run(compute, wanted)

    def _next(self) -> list[Job]:
        """The next jobs; none where there will be no more."""
        with self._changed:
            while not self._jobs:
                if self._is_closed:
                    return []
                self._changed.wait()
            jobs = [self._jobs.popleft()]
            count = len(jobs[0])
            while self._jobs and count + len(self._jobs[0]) <= self.most:
                jobs.append(self._jobs.popleft())
                count += len(jobs[-1])
            return jobs


def _run(compute: Compute, jobs: Sequence[Job]) -> None:
    batch = side_by_side([job.batch for job in jobs])
    try:
        made, predictions = compute(batch, any(job.wants_answers for job in jobs))
    except Exception as error:
        if len(jobs) == 1:
            jobs[0].settle(error)
            return
        # The others need not suffer for what one of them has done.
        for job in jobs:
            _run(compute, [job])
        return
    first = output = 0
    for job in jobs:
        errors = made.errors[first : first + len(job)]
        num_outputs = sum(error is None for error in errors)
        job.settle(
            Made(
                _part(made.outputs, slice(output, output + num_outputs)) if num_outputs else None,
                errors,
                None if predictions is None else predictions[first : first + len(job)],
                len(batch.inputs),
            )
        )
        first, output = first + len(job), output + num_outputs


def _part(outputs: Any, rows: slice) -> Any:
    if isinstance(outputs, np.ndarray):
        return outputs[rows]
    return {name: values[rows] for name, values in outputs.items()}


def measured_size(predict: Callable[[int], Any], most: int) -> tuple[int, dict[int, float]]:
    """How many examples are best computed together.

    Args:
        predict: Computes so many.
        most: More are not tried.

    Returns:
        How many, and the seconds of each example by the size of its batch. A larger batch counts as better
        where it takes at most 0.9 of the time for each example, another size having been computed before, as
        in a server.
    """
    until = time.perf_counter() + _SECONDS
    predict(1)
    taken = {1: _seconds(predict, 1)}
    best = 1
    for size in _SIZES:
        if size > most or time.perf_counter() > until:
            break
        predict(size)
        taken[size] = _seconds(predict, size) / size
        if taken[size] < _WORTH * taken[best]:
            best = size
    return best, taken


def _seconds(predict: Callable[[int], Any], size: int) -> float:
    """Of one call, the median of a few, each after a call with one more example."""
    taken = []
    for _ in range(_CALLS):
        if size > 1:
            predict(size - 1)
        began = time.perf_counter()
        predict(size)
        taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]
