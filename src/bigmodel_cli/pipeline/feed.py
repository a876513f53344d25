"""Batches for the training loop: several at a time, in an order that is a function of (seed, epoch).

Columns in memory stay there as they are (uint8 images stay uint8) and are gathered by index inside the graph.
What is to be read is read by threads, ahead of the step that needs it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.dealing import Dealing
from bigmodel_cli.pipeline.draws import with_draws
from bigmodel_cli.pipeline.order import balanced_order, balanced_size, epoch_order
from bigmodel_cli.pipeline.reader import ALIGNMENT, Reader
from bigmodel_cli.sources.base import Examples, bare
from bigmodel_cli.sources.stores import ArrayStore

# A chunk of what was read is copied into the graph whole; more would only cost memory.
MAX_CHUNK_BYTES = 64 * 2**20
CHUNKS_AHEAD = 2
# Evaluation takes more at once as long as a chunk takes less than this.
QUICK_SECONDS = 0.2
MAX_CHUNK_BATCHES = 64
# What the graph gets at once, by name: tensors, or columns of them by name.
Chunk = Mapping[str, Any]


class Feed:
    """Yields chunks: tensors that hold several batches, from which the graph takes one at a time.

    Args:
        examples: Of one split.
        batch_size: Examples per batch.
        skipped: Takes note of files that cannot be read, for each of which another one stands in; None: such
            a file is an error, or there are no files.
        strata: The group of each example, all of which an epoch sees equally often; None: it sees each
            example once.
        dealing: How each batch is dealt to replicas; None where there is one.

    Attributes:
        reader: Reads the columns that are not in memory; None where all are.
        stand_ins: Of each example the one that is taken for it, int64 of shape (n,); None: each is itself.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        skipped: SkippedFiles | None = None,
        *,
        strata: np.ndarray | None = None,
        dealing: Dealing | None = None,
    ) -> None:
        self.examples = examples
        self.batch_size = batch_size
        self.skipped = skipped
        self.dealing = dealing
        self.stand_ins: np.ndarray | None = None
        self._strata = strata
        self._draws = any(store.draws for store in examples.inputs.values())
        self.epoch_size = len(examples) if strata is None else balanced_size(strata)
        read = {name: store for name, store in examples.inputs.items() if not store.gathers}
        self._mapped = {
            name: store for name, store in examples.inputs.items() if store.gathers and store.array is None
        }
        self.reader = Reader(read, skips=skipped is not None) if read else None
        self._held: Mapping[str, Any] = {}
        self.hold({name: store.array for name, store in examples.inputs.items() if store.array is not None})
        self._texts = self._tensors(
            {
                name: np.array([*store.names, ""], object)
                for name, store in examples.inputs.items()
                if store.names is not None
            }
        )
        self._targets = self._tensors({name: compact(labels) for name, labels in examples.targets.items()})
        self._weights = self._tensors(examples.counts())
        self._known = self._tensors({name: has.astype(np.float32) for name, has in examples.known.items()})

    def hold(self, columns: Mapping[str, np.ndarray]) -> None:
        """Let the columns in memory be these."""
        self._held = self._tensors(columns)

    @property
    def as_held(self) -> Examples:
        """The examples with the columns in memory as they are held, with no copy of them."""
        held = {name: ArrayStore(tensor.numpy(), "held") for name, tensor in self._held.items()}
        return replace(self.examples, inputs={**self.examples.inputs, **held})

    @property
    def form(self) -> tuple[Any, ...]:
        """What the graph of a batch is made by, beside the shapes in a chunk."""
        columns = self.examples.inputs, self._held, self._texts, self._weights, self._known
        return (type(self), *map(tuple, columns))

    def _tensors(self, columns: Mapping[str, np.ndarray]) -> Mapping[str, Any]:
        import tensorflow as tf

        with self._reachable():
            return {name: tf.constant(column) for name, column in columns.items()}

    def _reachable(self) -> AbstractContextManager[Any]:
        """Where columns in memory are: for several devices in the memory that all of them can reach."""
        import tensorflow as tf

        return nullcontext() if self.dealing is None else tf.device("CPU:0")

    def epoch_order(self, *, seed: int, epoch: int) -> np.ndarray:
        """Which examples an epoch sees, one after the other: int64 of shape (epoch_size,).

        Where parts are drawn, each with its draw, which is not that of other epochs.
        """
        order = self._order(seed=seed, epoch=epoch)
        return with_draws(order, len(self.examples), seed=seed, epoch=epoch) if self._draws else order

    def _order(self, *, seed: int, epoch: int) -> np.ndarray:
        """The examples alone."""
        if self._strata is None:
            return epoch_order(len(self.examples), seed=seed, epoch=epoch)
        return balanced_order(self._strata, seed=seed, epoch=epoch)

    @property
    def own_order(self) -> np.ndarray:
        """All examples, one after the other, as `rows` takes them."""
        return np.arange(len(self.examples))

    @property
    def num_lengths(self) -> int:
        """How many different lengths batches may have."""
        return 1

    def num_batches(self) -> int:
        return -(-self.epoch_size // self.batch_size)

    def rows(self, order: np.ndarray, start: int, max_batches: int) -> np.ndarray:
        """Indices of the next batches as int32 of shape (batches, batch_size).

        A last batch that is not full is a chunk of its own, so that every batch is exactly as large
        as its examples: nothing is padded, and batch normalisation sees no example that is not there.
        """
        full = len(order) // self.batch_size
        if start < full:
            stop = min(start + max_batches, full)
            return order[start * self.batch_size : stop * self.batch_size].reshape(-1, self.batch_size)
        return order[full * self.batch_size :].reshape(1, -1)

    def chunk(self, rows: np.ndarray) -> Chunk:
        """What the graph gets for these rows.

        Returns:
            `sizes` of the batches; which examples these are (`rows`), and of them what was `read`; whole
            columns that are `held` in memory, of texts their places among `texts`, `targets`, what each
            example counts in the loss (`weights`) where that is not the same, and of targets that some lack
            which have them (`known`). Where batches are dealt, rows are those of their parts, with which
            examples count (`counted`).
        """
        import tensorflow as tf

        sizes, counted = np.full(len(rows), rows.shape[1], np.float32), {}
        if self.dealing is not None:
            dealt = self.dealing.deal(rows)
            rows, sizes, counted = dealt.rows, dealt.sizes, {"counted": tf.constant(dealt.counted)}
        actual, read = self._read(rows)
        return {
            "sizes": tf.constant(sizes),
            "rows": tf.constant(actual.astype(np.int32)),
            "read": read,
            "held": self._held,
            "targets": self._targets,
            "texts": self._texts,
            "weights": self._weights,
            "known": self._known,
            **counted,
        }

    def _read(self, rows: np.ndarray) -> tuple[np.ndarray, Mapping[str, Any]]:
        """Which examples are taken for these rows, and their columns that are not in memory."""
        rows = rows if self.stand_ins is None else self.stand_ins[rows]
        flat = rows.reshape(-1)
        columns: dict[str, np.ndarray] = {}
        if self.reader is not None:
            read = self.reader.take(flat)
            if self.skipped is not None:
                for index, problem in read.problems.items():
                    self.skipped.add(self.examples.name(index), problem)
            # Without their draws.
            flat, columns = read.indices, dict(read.columns)
        columns |= {name: store.gather(flat) for name, store in self._mapped.items()}
        shaped = {
            name: _as_tensor(column.reshape(*rows.shape, *column.shape[1:]))
            for name, column in columns.items()
        }
        return flat.reshape(rows.shape), shaped

    def batch(self, chunk: Chunk, index: Any) -> tuple[Any, Mapping[str, Any]]:
        """One batch of a chunk, or one part of a batch, inside the graph.

        Returns:
            The one input, or inputs by name; and the targets by name.
        """
        found, targets = self.columns(chunk, index)
        return bare({name: found[name] for name in self.examples.inputs}), targets

    def columns(self, chunk: Chunk, index: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The same with all inputs by the names of their columns."""
        import tensorflow as tf

        rows = chunk["rows"][index]
        read = {name: column[index] for name, column in chunk["read"].items()}
        with self._reachable():
            held, targets = (
                {name: tf.gather(column, rows) for name, column in chunk[columns].items()}
                for columns in ("held", "targets")
            )
            found = {**read, **held}
            found |= {name: tf.gather(texts, found[name]) for name, texts in chunk["texts"].items()}
        return found, targets

    def weights(self, chunk: Chunk, index: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the examples of a batch, or of a part of one, count, inside the graph.

        Returns:
            In the loss of each target, float32 of shape (batch,), where they do not all count the same; and 1
            or 0, likewise, of targets that some examples lack.
        """
        import tensorflow as tf

        rows = chunk["rows"][index]
        with self._reachable():
            weights, known = (
                {name: tf.gather(column, rows) for name, column in chunk[columns].items()}
                for columns in ("weights", "known")
            )
        return weights, known

    def ahead(self, order: np.ndarray, start: int, max_batches: int) -> None:
        """Begin to read the chunks that are probably asked for next; nothing where all is in memory."""
        if self.reader is None:
            return
        coming = []
        for _ in range(CHUNKS_AHEAD):
            if start < self.num_batches():
                rows = self.rows(order, start, min(max_batches, self.max_batches()))
                read = rows if self.dealing is None else self.dealing.deal(rows).rows
                coming.append((read if self.stand_ins is None else self.stand_ins[read]).reshape(-1))
                start += len(rows)
        self.reader.ahead(coming)

    def max_batches(self) -> int:
        """How many batches a chunk may hold."""
        if self.reader is None and not self._mapped:
            return 10_000
        example_bytes = self.reader.example_bytes if self.reader is not None else 0
        example_bytes += sum(store.value_bytes for store in self._mapped.values())
        return max(1, MAX_CHUNK_BYTES // max(1, example_bytes * self.batch_size))

    def close(self) -> None:
        """Stop threads, where there are any."""
        if self.reader is not None:
            self.reader.close()


def in_order(feed: Feed) -> Iterator[Chunk]:
    """Chunks of all examples once, in their own order.

    They grow while whoever takes them is quick, so that a slow model can still be interrupted.
    """
    order = feed.own_order
    start, num_batches = 0, -(-len(order) // feed.batch_size)
    step, most = 1, min(feed.max_batches(), MAX_CHUNK_BATCHES)
    while start < num_batches:
        rows = feed.rows(order, start, step)
        chunk = feed.chunk(rows)
        start += len(rows)
        feed.ahead(order, start, step)
        given = time.perf_counter()
        yield chunk
        if time.perf_counter() - given < QUICK_SECONDS:
            step = min(2 * step, most)


def _as_tensor(features: np.ndarray) -> Any:
    """A tensor of an array that nobody writes into any more: the very same memory where that is possible.

    A copy would take several milliseconds a batch, most of them for memory that the system has to give anew.
    """
    import tensorflow as tf

    # NumPy lends no memory of types that are not its own, such as bfloat16.
    if features.dtype.kind == "V":
        return tf.constant(features)
    # On a GPU the copy is the transfer. From an address that is not aligned TensorFlow would abort.
    if features.ctypes.data % ALIGNMENT or tf.config.list_logical_devices("GPU"):
        return tf.constant(features)
    return tf.experimental.dlpack.from_dlpack(features.__dlpack__())


def compact(labels: np.ndarray) -> np.ndarray:
    """Labels in the dtype that the graph takes them in; masks stay as small as they are."""
    if labels.ndim > 2 and labels.dtype.kind in "iu":
        return labels
    return labels.astype(np.int32 if labels.dtype.kind in "iu" else np.float32)
