"""Batches for the training loop: several at a time, in an order that is a function of (seed, epoch).

Examples in memory stay there as they are (uint8 images stay uint8) and are gathered by index inside
the graph. Files are decoded by threads, ahead of the step that needs them.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from bigmodel_cli.sources.base import ArrayExamples, Examples, Signature

# A chunk of decoded files is copied into the graph whole; more would only cost memory.
MAX_CHUNK_BYTES = 64 * 2**20
CHUNKS_AHEAD = 2


def epoch_order(num_examples: int, *, seed: int, epoch: int) -> np.ndarray:
    """The order in which an epoch sees the examples: int64 of shape (num_examples,)."""
    return np.random.default_rng([seed, epoch]).permutation(num_examples)


class Feed(ABC):
    """Yields chunks: tensors that hold several batches, from which the graph takes one at a time."""

    def __init__(self, examples: Examples, batch_size: int) -> None:
        self.examples = examples
        self.batch_size = batch_size

    def num_batches(self) -> int:
        return -(-len(self.examples) // self.batch_size)

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

    @abstractmethod
    def chunk(self, rows: np.ndarray) -> tuple[Any, ...]:
        """What the graph gets for these rows; the first axis of each item counts batches."""

    @abstractmethod
    def batch(self, chunk: tuple[Any, ...], index: Any) -> tuple[Any, Any]:
        """Features and labels of one batch of a chunk, inside the graph."""

    def ahead(self, order: np.ndarray, start: int, max_batches: int) -> None:  # noqa: B027
        """Begin to prepare the chunk that is probably asked for next; nothing where it costs nothing."""

    def max_batches(self) -> int:
        """How many batches a chunk may hold."""
        return 10_000

    def close(self) -> None:  # noqa: B027
        """Stop threads, where there are any."""


class ResidentFeed(Feed):
    """Examples in memory: a chunk is their indices."""

    def __init__(self, examples: ArrayExamples, batch_size: int) -> None:
        super().__init__(examples, batch_size)
        import tensorflow as tf

        self.features = tf.constant(examples.features)
        self.labels = tf.constant(_compact(examples.labels))

    def chunk(self, rows: np.ndarray) -> tuple[Any, ...]:
        import tensorflow as tf

        return (tf.constant(rows.astype(np.int32)),)

    def batch(self, chunk: tuple[Any, ...], index: Any) -> tuple[Any, Any]:
        import tensorflow as tf

        rows = chunk[0][index]
        return tf.gather(self.features, rows), tf.gather(self.labels, rows)


class FileFeed(Feed):
    """Examples that are decoded when they are needed, by a pool of threads."""

    def __init__(self, examples: Examples, batch_size: int, signature: Signature) -> None:
        super().__init__(examples, batch_size)
        self.signature = signature
        self.labels = _compact(examples.labels)
        threads = min(16, (os.cpu_count() or 1) + 1)
        self._decoders = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._ahead: dict[tuple[int, ...], list[Future[np.ndarray]]] = {}

    def max_batches(self) -> int:
        example = np.dtype(self.signature.dtype).itemsize * int(np.prod(self.signature.shape))
        return max(1, MAX_CHUNK_BYTES // max(1, example * self.batch_size))

    def ahead(self, order: np.ndarray, start: int, max_batches: int) -> None:
        batches = min(max_batches, self.max_batches())
        for number in range(CHUNKS_AHEAD):
            first = start + number * batches
            if first * self.batch_size >= len(order):
                return
            rows = self.rows(order, first, batches)
            key = tuple(rows[0])
            if key not in self._ahead:
                self._ahead[key] = self._decode(rows)

    def _decode(self, rows: np.ndarray) -> list[Future[np.ndarray]]:
        return [self._decoders.submit(self.examples.read, int(index)) for index in rows.reshape(-1)]

    def chunk(self, rows: np.ndarray) -> tuple[Any, ...]:
        import tensorflow as tf

        futures = self._ahead.pop(tuple(rows[0]), None)
        if futures is None or len(futures) != rows.size:
            futures = self._decode(rows)
        features = np.empty((rows.size, *self.signature.shape), self.signature.dtype)
        for index, future in enumerate(futures):
            features[index] = future.result()
        shape = (*rows.shape, *self.signature.shape)
        return tf.constant(features.reshape(shape)), tf.constant(self.labels[rows])

    def batch(self, chunk: tuple[Any, ...], index: Any) -> tuple[Any, Any]:
        return chunk[0][index], chunk[1][index]

    def close(self) -> None:
        self._decoders.shutdown(wait=False, cancel_futures=True)


def make_feed(examples: Examples, signature: Signature, batch_size: int) -> Feed:
    """The feed that fits where the examples are."""
    if isinstance(examples, ArrayExamples):
        return ResidentFeed(examples, batch_size)
    return FileFeed(examples, batch_size, signature)


def in_order(feed: Feed) -> Iterator[tuple[Any, ...]]:
    """Chunks of all examples once, in their own order."""
    order = np.arange(len(feed.examples))
    start, num_batches = 0, feed.num_batches()
    step = min(feed.max_batches(), 64)
    while start < num_batches:
        rows = feed.rows(order, start, step)
        feed.ahead(order, start, step)
        yield feed.chunk(rows)
        start += len(rows)


def raw_features(examples: Examples, signature: Signature, batch_size: int = 256) -> Iterator[np.ndarray]:
    """Features of all examples in batches, as the source yields them."""
    if isinstance(examples, ArrayExamples):
        for start in range(0, len(examples), batch_size):
            yield examples.features[start : start + batch_size]
        return
    feed = FileFeed(examples, batch_size, signature)
    try:
        for chunk in in_order(feed):
            yield from chunk[0].numpy()
    finally:
        feed.close()


def _compact(labels: np.ndarray) -> np.ndarray:
    return labels.astype(np.int32 if labels.dtype.kind in "iu" else np.float32)
