"""A run's model on new examples."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.engines import Engine
from bigmodel_cli.inference.familiar import Familiar, Unlike, describe
from bigmodel_cli.inference.inputs import Inputs, batch_size_for
from bigmodel_cli.inference.opened import OpenRun, reading_of_run
from bigmodel_cli.kinds.inputs import Input
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.predictions import Answer
from bigmodel_cli.whole_files import naming_target, output_place

# Measured: from here on decoding takes longer than what is around it.
_SMALL_FILE = 16 * 2**10


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one example.

    Attributes:
        input: The example.
        answer: What is predicted; None where the example could not be read, or nothing is predicted.
        error: Why not.
        redrawn: Whether its picture was drawn anew, as the training examples were made; None where those were
            not made in a known way.
        unlike: In what it is unlike the training examples; None where those are not known.
    """

    input: Input
    answer: Answer | None
    error: str | None = None
    redrawn: bool | None = None
    unlike: Sequence[Unlike] | None = None

    def as_json(self, top: int) -> dict[str, Any]:
        document: dict[str, Any] = {"input": self.input.name}
        if self.answer is None:
            return {**document, "error": self.error}
        if self.redrawn is not None:
            document["redrawn"] = self.redrawn
        if self.unlike is not None:
            document["unlike"] = [reason.as_json() for reason in self.unlike]
        return {**document, **self.answer.as_json(top)}


def predict(
    opened: OpenRun,
    engine: Engine,
    inputs: Inputs,
    *,
    invert: bool = False,
    familiar: Familiar | None = None,
) -> Generator[Prediction, None, None]:
    """Predict examples in batches; the next ones are read by threads while the engine computes.

    No more than a few batches are in memory. An example that cannot be read yields a prediction with an
    `error`; the others go on. Who stops early has to close the iterator.

    Args:
        opened: The run.
        engine: Computes.
        inputs: What to predict.
        invert: Whether bright becomes dark first.
        familiar: What training examples are like; None: inputs are not compared with them.
    """
    reading = reading_of_run(opened)
    with closing(_read_ahead(inputs, opened.signature, invert=invert)) as batches:
        for batch in batches:
            yield from _predictions(batch, engine, opened, reading, familiar)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some inputs with what was read of them.

    Attributes:
        inputs: Readable or not.
        features: Of those that could be read, in their order.
        errors: One per input: why it could not be read, or None.
        redrawn: One per input: whether it was drawn anew; None where that cannot be.
    """

    inputs: Sequence[Input]
    features: np.ndarray
    errors: Sequence[str | None]
    redrawn: Sequence[bool | None]


def _read_ahead(inputs: Inputs, signature: Signature, *, invert: bool) -> Generator[_Batch, None, None]:
    """Batches in order, each read by one thread while the engine computes those before it."""
    largest, kind = batch_size_for(signature), signature.kind
    num_readers = _num_readers(list(islice(inputs, largest)))
    # Few inputs are shared out among all readers.
    size = min(largest, -(-len(inputs) // num_readers))
    stopped = Event()

    def read(items: Sequence[Input]) -> _Batch:
        features = np.empty((len(items), *kind.shape), kind.dtype)
        errors: list[str | None] = []
        redrawn: list[bool | None] = []
        num_read = 0
        for item in items:
            if stopped.is_set():
                break
            try:
                value = item.read(signature, invert=invert)
            except DataError as error:
                errors.append(error.message)
                redrawn.append(None)
            else:
                errors.append(None)
                redrawn.append(value.redrawn)
                features[num_read] = value.array
                num_read += 1
        return _Batch(items, features[:num_read], errors, redrawn)

    readers = ThreadPoolExecutor(num_readers, thread_name_prefix="read")
    ahead: deque[Future[_Batch]] = deque()
    try:
        for items in _parts(inputs, size):
            ahead.append(readers.submit(read, items))
            if len(ahead) > num_readers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        stopped.set()
        readers.shutdown(cancel_futures=True)


def _num_readers(inputs: Sequence[Input]) -> int:
    """A thread per core where decoding is most of the work.

    Small images are mostly Python's work, which one thread does at a time: two take twice as long as one.
    """
    num_bytes = [item.num_bytes for item in inputs]
    return (os.cpu_count() or 1) if sum(num_bytes) > _SMALL_FILE * len(inputs) else 1


def _parts(items: Iterable[Input], size: int) -> Iterator[list[Input]]:
    left = iter(items)
    while part := list(islice(left, size)):
        yield part


def _predictions(
    batch: _Batch, engine: Engine, opened: OpenRun, reading: Reading, familiar: Familiar | None
) -> Iterator[Prediction]:
    rows: Iterator[tuple[Answer, Sequence[Unlike] | None]] = iter(())
    outputs, errors = _computed(engine, batch)
    if outputs is not None:
        predictions = opened.predictions
        values = predictions.values(outputs, reading)
        unlike: Iterable[Sequence[Unlike] | None] = repeat(None)
        if familiar is not None:
            read = batch.features[_are_computed(batch, errors)]
            unlike = familiar.unlike(read, predictions.probabilities(values, reading))
        rows = zip(predictions.answers(values, reading, opened.rule), unlike, strict=False)
    for item, redrawn, error in zip(batch.inputs, batch.redrawn, errors, strict=True):
        answer, reasons = (None, None) if error else next(rows)
        if answer is not None and not np.isfinite(answer.values).all():
            answer, error = None, f"{item.name}: the model's output is NaN or infinite"
        yield Prediction(item, answer, error, redrawn, reasons)


def _are_computed(batch: _Batch, errors: Sequence[str | None]) -> list[bool]:
    """Which of a batch's features the model took."""
    both = zip(batch.errors, errors, strict=True)
    return [error is None for unread, error in both if unread is None]


def _computed(engine: Engine, batch: _Batch) -> tuple[np.ndarray | None, Sequence[str | None]]:
    """Outputs of what can be computed, and for each input why there is none, or None."""
    if not len(batch.features):
        return None, batch.errors
    try:
        return engine.predict(batch.features), batch.errors
    except DataError:
        # The others of the batch need not suffer for it.
        pass
    outputs: list[np.ndarray] = []
    errors: list[str | None] = []
    features = iter(batch.features)
    for item, error in zip(batch.inputs, batch.errors, strict=True):
        if error is None:
            try:
                outputs.append(engine.predict(next(features)[np.newaxis]))
            except DataError as refused:
                error = f"{item.name}: {refused.message}"
        errors.append(error)
    return (np.concatenate(outputs) if outputs else None), errors


@contextmanager
def csv_output(
    path: Path, columns: Sequence[str], *, says_unlike: bool = False
) -> Iterator[Callable[[Prediction], None]]:
    """A CSV file of predictions, or of the reasons where there is none.

    Args:
        path: The file.
        columns: What the cells of an answer are called.
        says_unlike: Whether a column says in what inputs are unlike the training examples.

    Yields:
        What takes each prediction; the file is there, whole, once the block ends.

    Raises:
        ResourceError: If it cannot be written; errors of the block pass as they are.
    """
    last = ["error", "unlike"] if says_unlike else ["error"]
    with output_place(path) as place:
        with naming_target(path):
            file = place.open("w", encoding="utf-8", newline="")

        def write(cells: Sequence[str]) -> None:
            with naming_target(path):
                file.write(csv_row(cells))

        def take(item: Prediction) -> None:
            cells = [""] * len(columns) if item.answer is None else item.answer.cells()
            reasons = [describe(item.unlike or ())] if says_unlike else []
            write([item.input.name, *cells, item.error or "", *reasons])

        try:
            write(["input", *columns, *last])
            yield take
        finally:
            with naming_target(path):
                file.close()
