"""A run's model on new examples."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.answering import Answering
from bigmodel_cli.inference.engines import Engine, joined
from bigmodel_cli.inference.inputs import Inputs, batch_size_for
from bigmodel_cli.inference.opened import OpenRun, answering_of
from bigmodel_cli.kinds.familiar import Limits, Unlike, describe
from bigmodel_cli.kinds.inputs import Batch, Input, Rows
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
        cells: What is kept of its row in the table that it is from.
    """

    input: Input
    answer: Answer | None
    error: str | None = None
    redrawn: bool | None = None
    unlike: Sequence[Unlike] | None = None
    cells: Sequence[str] = ()

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
    inputs: Inputs | Rows,
    *,
    invert: bool = False,
    familiar: Limits | None = None,
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
    answering = answering_of(opened)
    read = (
        inputs.batches(opened.signature, engine.needed)
        if isinstance(inputs, Rows)
        else _read_ahead(inputs, opened.signature, invert=invert)
    )
    with closing(read) as batches:
        for batch in batches:
            yield from _predictions(batch, engine, answering, familiar)


def _read_ahead(inputs: Inputs, signature: Signature, *, invert: bool) -> Generator[Batch, None, None]:
    """Batches in order, each read by one thread while the engine computes those before it."""
    largest, kind = batch_size_for(signature), signature.kind
    num_readers = _num_readers(list(islice(inputs, largest)))
    # Few inputs are shared out among all readers.
    size = min(largest, -(-len(inputs) // num_readers))
    stopped = Event()

    def read(items: Sequence[Input]) -> Batch:
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
        return Batch(items, features[:num_read], errors, redrawn)

    readers = ThreadPoolExecutor(num_readers, thread_name_prefix="read")
    ahead: deque[Future[Batch]] = deque()
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
    batch: Batch, engine: Engine, answering: Answering, familiar: Limits | None
) -> Iterator[Prediction]:
    looks_inside = familiar is not None and familiar.looks_inside
    outputs, inner, errors = _computed(engine.look if looks_inside else partial(_outputs, engine), batch)
    rows: Iterator[tuple[Answer, bool, Sequence[Unlike] | None]] = iter(())
    if outputs is not None:
        understood = answering.understood(outputs)
        unlike: Iterable[Sequence[Unlike] | None] = repeat(None)
        if familiar is not None:
            read = _some(batch.features, np.array(_are_computed(batch, errors), np.bool_))
            unlike = familiar.unlike(read, understood.probabilities, inner)
        rows = zip(understood.answers, understood.are_finite.tolist(), unlike, strict=False)
    cells = batch.cells or repeat(())
    for item, redrawn, error, kept in zip(batch.inputs, batch.redrawn, errors, cells, strict=False):
        answer, is_finite, reasons = (None, True, None) if error else next(rows)
        if not is_finite:
            answer, error = None, f"{item.name}: the model's output is NaN or infinite"
        yield Prediction(item, answer, error, redrawn, reasons, kept)


def _are_computed(batch: Batch, errors: Sequence[str | None]) -> list[bool]:
    """Which of a batch's features the model took."""
    both = zip(batch.errors, errors, strict=True)
    return [error is None for unread, error in both if unread is None]


def _some(features: Any, chosen: np.ndarray) -> Any:
    """Some of the examples of a batch."""
    if isinstance(features, np.ndarray):
        return features[chosen]
    return {name: column.take(chosen) for name, column in features.items()}


def _outputs(engine: Engine, features: Any) -> tuple[Any, None]:
    return engine.predict(features), None


def _computed(
    look: Callable[[Any], tuple[Any, np.ndarray | None]], batch: Batch
) -> tuple[Any, np.ndarray | None, Sequence[str | None]]:
    """Outputs and inner features of what can be computed, and for each input why there are none, or None."""
    if not batch.num_read:
        return None, None, batch.errors
    try:
        return *look(batch.features), batch.errors
    except DataError:
        # The others of the batch need not suffer for it.
        pass
    outputs: list[Any] = []
    inner: list[np.ndarray] = []
    errors: list[str | None] = []
    place = 0
    for item, error in zip(batch.inputs, batch.errors, strict=True):
        if error is None:
            try:
                given, inside = look(_some(batch.features, np.array([place])))
                outputs.append(given)
                inner += [] if inside is None else [inside]
            except DataError as refused:
                error = f"{item.name}: {refused.message}"
            place += 1
        errors.append(error)
    return (joined(outputs) if outputs else None), (joined(inner) if inner else None), errors


@contextmanager
def csv_output(
    path: Path, columns: Sequence[str], *, says_unlike: bool = False, kept: Sequence[str] | None = None
) -> Iterator[Callable[[Prediction], None]]:
    """A CSV file of predictions, or of the reasons where there is none.

    Args:
        path: The file.
        columns: What the cells of an answer are called.
        says_unlike: Whether a column says in what inputs are unlike the training examples.
        kept: The columns of the tables that inputs are rows of, which come first; None: inputs are named.

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
            first = [item.input.name] if kept is None else item.cells
            write([*first, *cells, item.error or "", *reasons])

        try:
            write(_apart(["input"] if kept is None else kept, [*columns, *last]))
            yield take
        finally:
            with naming_target(path):
                file.close()


def _apart(first: Sequence[str], others: Sequence[str]) -> list[str]:
    """Names of columns, of which those that come later get a number where there is such a one already."""
    names = list(first)
    for name in others:
        number, unique = 2, name
        while unique in names:
            unique, number = f"{name}_{number}", number + 1
        names.append(unique)
    return names
