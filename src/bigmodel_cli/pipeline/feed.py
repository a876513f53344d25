"""Batches for the training loop: several at a time, in an order that is a function of (seed, epoch).

Examples in memory stay there as they are (uint8 images stay uint8) and are gathered by index inside
the graph. Files are decoded by threads, ahead of the step that needs them.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.dealing import Dealing
from bigmodel_cli.pipeline.order import balanced_order, balanced_size, epoch_order
from bigmodel_cli.pipeline.reader import ALIGNMENT, Reader
from bigmodel_cli.signature import INPUT, TARGET, Signature
from bigmodel_cli.sources.base import ArrayExamples, Examples

# A chunk of decoded files is copied into the graph whole; more would only cost memory.
MAX_CHUNK_BYTES = 64 * 2**20
CHUNKS_AHEAD = 2
# Evaluation takes more at once as long as a chunk takes less than this.
QUICK_SECONDS = 0.2
MAX_CHUNK_BATCHES = 64
# Tensors by what they are and the column that they are of.
Chunk = Mapping[str, Mapping[str, Any]]


class Feed(ABC):
    """Yields chunks: tensors that hold several batches, from which the graph takes one at a time.

    Args:
        examples: Of one split.
        batch_size: Examples per batch.
        oversample: Whether each epoch sees all classes equally often.
        dealing: How each batch is dealt to replicas; None where there is one.

    Attributes:
        skipped: Takes note of bad files, for each of which another one stands in; None: a bad file is an
            error, or there are no files.
    """

    skipped: SkippedFiles | None = None

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        *,
        oversample: bool = False,
        dealing: Dealing | None = None,
    ) -> None:
        self.examples = examples
        self.batch_size = batch_size
        self.dealing = dealing
        self._oversamples = oversample
        self.epoch_size = balanced_size(examples.labels) if oversample else len(examples)

    def epoch_order(self, *, seed: int, epoch: int) -> np.ndarray:
        """Which examples an epoch sees, one after the other: int64 of shape (epoch_size,)."""
        if self._oversamples:
            return balanced_order(self.examples.labels, seed=seed, epoch=epoch)
        return epoch_order(len(self.examples), seed=seed, epoch=epoch)

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
            In `batches` what has an entry for each of them: their `sizes`. Where they are dealt, each part
            of a batch has an entry of its own in all the rest, `dealt` among it: what each example counts.
        """
        import tensorflow as tf

        if self.dealing is None:
            sizes = np.full(len(rows), rows.shape[1], np.float32)
            return {**self._items(rows), "batches": {"sizes": tf.constant(sizes)}}
        dealt = self.dealing.deal(rows)
        return {
            **self._items(dealt.rows),
            "dealt": {"counted": tf.constant(dealt.counted)},
            "batches": {"sizes": tf.constant(dealt.sizes)},
        }

    @abstractmethod
    def _items(self, rows: np.ndarray) -> Chunk:
        """What the graph gets for these rows."""

    @abstractmethod
    def batch(self, chunk: Chunk, index: Any) -> tuple[Any, Mapping[str, Any]]:
        """One batch of a chunk, or one part of a batch, inside the graph.

        Returns:
            The one input, or inputs by name; and the targets by name.
        """

    def ahead(self, order: np.ndarray, start: int, max_batches: int) -> None:  # noqa: B027
        """Begin to prepare the chunk that is probably asked for next; nothing where it costs nothing."""

    def max_batches(self) -> int:
        """How many batches a chunk may hold."""
        return 10_000

    def close(self) -> None:  # noqa: B027
        """Stop threads, where there are any."""


class ResidentFeed(Feed):
    """Examples in memory: a chunk is their indices."""

    def __init__(
        self,
        examples: ArrayExamples,
        batch_size: int,
        *,
        oversample: bool = False,
        dealing: Dealing | None = None,
    ) -> None:
        super().__init__(examples, batch_size, oversample=oversample, dealing=dealing)
        import tensorflow as tf

        with reachable(self.dealing):
            self.features = tf.constant(examples.features)
            self.labels = tf.constant(compact(examples.labels))

    def _items(self, rows: np.ndarray) -> Chunk:
        import tensorflow as tf

        return {"rows": {INPUT: tf.constant(rows.astype(np.int32))}}

    def batch(self, chunk: Chunk, index: Any) -> tuple[Any, Mapping[str, Any]]:
        import tensorflow as tf

        rows = chunk["rows"][INPUT][index]
        with reachable(self.dealing):
            return tf.gather(self.features, rows), {TARGET: tf.gather(self.labels, rows)}


class FileFeed(Feed):
    """Examples that are read when they are needed, by threads, ahead of the step that needs them.

    Args:
        examples: Of one split.
        batch_size: Examples per batch.
        signature: What one example is.
        skipped: Takes note of bad files, for each of which another one stands in. None: a bad file is an
            error.
        oversample: As for every feed.
        dealing: The same.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        signature: Signature,
        skipped: SkippedFiles | None = None,
        *,
        oversample: bool = False,
        dealing: Dealing | None = None,
    ) -> None:
        super().__init__(examples, batch_size, oversample=oversample, dealing=dealing)
        self.signature = signature
        self.skipped = skipped
        self.labels = compact(examples.labels)
        self.reader = Reader(examples, signature, skips=skipped is not None)

    def relabel(self, labels: np.ndarray) -> None:
        """Let the examples have other labels; their order and number stay."""
        self.labels = compact(labels)

    def max_batches(self) -> int:
        example = np.dtype(self.signature.dtype).itemsize * int(np.prod(self.signature.shape))
        return max(1, MAX_CHUNK_BYTES // max(1, example * self.batch_size))

    def ahead(self, order: np.ndarray, start: int, max_batches: int) -> None:
        coming = []
        for _ in range(CHUNKS_AHEAD):
            if start < self.num_batches():
                rows = self.rows(order, start, min(max_batches, self.max_batches()))
                read = rows if self.dealing is None else self.dealing.deal(rows).rows
                coming.append(read.reshape(-1))
                start += len(rows)
        self.reader.ahead(coming)

    def _items(self, rows: np.ndarray) -> Chunk:
        import tensorflow as tf

        read = self.reader.take(rows.reshape(-1))
        if self.skipped is not None:
            for index, problem in read.problems.items():
                self.skipped.add(self.examples.name(index), problem)
        features = read.features.reshape(*rows.shape, *self.signature.shape)
        labels = tf.constant(self.labels[read.indices.reshape(rows.shape)])
        return {"inputs": {INPUT: _as_tensor(features)}, "targets": {TARGET: labels}}

    def batch(self, chunk: Chunk, index: Any) -> tuple[Any, Mapping[str, Any]]:
        return chunk["inputs"][INPUT][index], {TARGET: chunk["targets"][TARGET][index]}

    def close(self) -> None:
        self.reader.close()


def make_feed(
    examples: Examples,
    signature: Signature,
    batch_size: int,
    *,
    skipped: SkippedFiles | None = None,
    oversample: bool = False,
    dealing: Dealing | None = None,
) -> Feed:
    """The feed that fits where the examples are.

    Args:
        examples: Of one split.
        signature: What one example is.
        batch_size: Examples per batch.
        skipped: Takes note of files that cannot be read and are replaced; None: such a file is an error.
        oversample: Whether each epoch sees all classes equally often.
        dealing: How each batch is dealt to replicas; None where there is one.
    """
    if isinstance(examples, ArrayExamples):
        return ResidentFeed(examples, batch_size, oversample=oversample, dealing=dealing)
    return FileFeed(examples, batch_size, signature, skipped, oversample=oversample, dealing=dealing)


def in_order(feed: Feed) -> Iterator[Chunk]:
    """Chunks of all examples once, in their own order.

    They grow while whoever takes them is quick, so that a slow model can still be interrupted.
    """
    order = np.arange(len(feed.examples))
    start, num_batches = 0, feed.num_batches()
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


def raw_features(
    examples: Examples,
    signature: Signature,
    batch_size: int = 256,
    *,
    skipped: SkippedFiles | None = None,
) -> Iterator[np.ndarray]:
    """Features of all examples in batches, as the source yields them; `skipped` as for `make_feed`."""
    if isinstance(examples, ArrayExamples):
        for start in range(0, len(examples), batch_size):
            yield examples.features[start : start + batch_size]
        return
    feed = FileFeed(examples, batch_size, signature, skipped)
    try:
        for chunk in in_order(feed):
            yield from chunk["inputs"][INPUT].numpy()
    finally:
        feed.close()


def reachable(dealing: Dealing | None) -> AbstractContextManager[Any]:
    """Where resident examples are: for several devices in the memory that all of them can reach."""
    import tensorflow as tf

    return nullcontext() if dealing is None else tf.device("CPU:0")


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
    """Labels in the dtype that the graph takes them in."""
    return labels.astype(np.int32 if labels.dtype.kind in "iu" else np.float32)
