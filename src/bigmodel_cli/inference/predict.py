"""A run's model on new examples."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from threading import Event

from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.inference.batches import Prediction, answered, computed, read_batch
from bigmodel_cli.inference.engines import Engine
from bigmodel_cli.inference.inputs import Inputs, batch_size_for
from bigmodel_cli.inference.opened import OpenRun, answering_of
from bigmodel_cli.kinds.familiar import Limits, describe
from bigmodel_cli.kinds.inputs import Batch, Input, Rows
from bigmodel_cli.signature import Signature
from bigmodel_cli.whole_files import naming_target, output_place

# Measured: from here on decoding takes longer than what is around it.
_SMALL_FILE = 16 * 2**10


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
            yield from answered(batch, computed(batch, engine, familiar), answering, familiar)


def _read_ahead(inputs: Inputs, signature: Signature, *, invert: bool) -> Generator[Batch, None, None]:
    """Batches in order, each read by one thread while the engine computes those before it."""
    largest = batch_size_for(signature)
    num_readers = _num_readers(list(islice(inputs, largest)))
    # Few inputs are shared out among all readers.
    size = min(largest, -(-len(inputs) // num_readers))
    stopped = Event()

    def read(items: Sequence[Input]) -> Batch:
        return read_batch(items, signature, invert=invert, until=stopped.is_set)

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
