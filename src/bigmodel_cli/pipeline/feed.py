"""Batches for the training loop: several at a time, in an order that is a function of (seed, epoch).

Examples in memory stay there as they are (uint8 images stay uint8) and are gathered by index inside
the graph. Files are decoded by threads, ahead of the step that needs them.
"""

from __future__ import annotations

import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.sources.base import ArrayExamples, Examples, Signature
from bigmodel_cli.sources.image_files import SKIP_HINT

# A chunk of decoded files is copied into the graph whole; more would only cost memory.
MAX_CHUNK_BYTES = 64 * 2**20
CHUNKS_AHEAD = 2
# Evaluation takes more at once as long as a chunk takes less than this.
QUICK_SECONDS = 0.2
MAX_CHUNK_BATCHES = 64
# Stand-ins for a bad file that are tried, before something is wrong with all files (a disk that is gone).
MAX_TRIED = 100


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


@dataclass(frozen=True)
class _Decoded:
    """What was read for an example: usually itself.

    Attributes:
        index: Of the example that was read.
        features: Of that one.
        problems: What is wrong with those before it, by index.
    """

    index: int
    features: np.ndarray
    problems: Mapping[int, DataError]


class FileFeed(Feed):
    """Examples that are decoded when they are needed, by a pool of threads.

    Args:
        examples: Of one split.
        batch_size: Examples per batch.
        signature: What one example is.
        skipped: Takes note of bad files, for each of which another one stands in: which one depends on
            nothing but the file and those that are good, so that a resume is exact. None: a bad file is an
            error.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        signature: Signature,
        skipped: SkippedFiles | None = None,
    ) -> None:
        super().__init__(examples, batch_size)
        self.signature = signature
        self.skipped = skipped
        self._stride = _stride(len(examples))
        self.labels = _compact(examples.labels)
        threads = min(16, (os.cpu_count() or 1) + 1)
        self._decoders = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._pending: dict[int, Future[_Decoded]] = {}

    def max_batches(self) -> int:
        example = np.dtype(self.signature.dtype).itemsize * int(np.prod(self.signature.shape))
        return max(1, MAX_CHUNK_BYTES // max(1, example * self.batch_size))

    def ahead(self, order: np.ndarray, start: int, max_batches: int) -> None:
        first = start * self.batch_size
        count = CHUNKS_AHEAD * min(max_batches, self.max_batches()) * self.batch_size
        for index in order[first : first + count].tolist():
            if index not in self._pending:
                self._pending[index] = self._decoders.submit(self._read, index)

    def _read(self, index: int) -> _Decoded:
        """An example, or the first of its stand-ins that can be read."""
        problems: dict[int, DataError] = {}
        for number in range(min(len(self.examples), MAX_TRIED)):
            candidate = (index + number * self._stride) % len(self.examples)
            try:
                return _Decoded(candidate, self.examples.read(candidate), problems)
            except DataError as error:
                if self.skipped is None:
                    raise DataError(error.message, hint=error.hint or SKIP_HINT) from error
                problems[candidate] = error
        raise DataError(
            f"none of {len(problems):,} training files that were tried can be read, "
            f"the first: {problems[index].message}",
            hint="look whether the disk with the data is still there",
        )

    def chunk(self, rows: np.ndarray) -> tuple[Any, ...]:
        import tensorflow as tf

        futures = [self._future(index) for index in rows.reshape(-1).tolist()]
        features = np.empty((rows.size, *self.signature.shape), self.signature.dtype)
        used = np.empty(rows.size, np.int64)
        for place, future in enumerate(futures):
            decoded = future.result()
            features[place], used[place] = decoded.features, decoded.index
            self._note(decoded.problems)
        shape = (*rows.shape, *self.signature.shape)
        return tf.constant(features.reshape(shape)), tf.constant(self.labels[used.reshape(rows.shape)])

    def _future(self, index: int) -> Future[_Decoded]:
        if index in self._pending:
            return self._pending.pop(index)
        return self._decoders.submit(self._read, index)

    def _note(self, problems: Mapping[int, DataError]) -> None:
        if self.skipped is not None:
            for index, problem in problems.items():
                self.skipped.add(self.examples.name(index), problem)

    def batch(self, chunk: tuple[Any, ...], index: Any) -> tuple[Any, Any]:
        return chunk[0][index], chunk[1][index]

    def close(self) -> None:
        self._decoders.shutdown(wait=False, cancel_futures=True)


def make_feed(
    examples: Examples, signature: Signature, batch_size: int, *, skipped: SkippedFiles | None = None
) -> Feed:
    """The feed that fits where the examples are.

    Args:
        examples: Of one split.
        signature: What one example is.
        batch_size: Examples per batch.
        skipped: Takes note of files that cannot be read and are replaced; None: such a file is an error.
    """
    if isinstance(examples, ArrayExamples):
        return ResidentFeed(examples, batch_size)
    return FileFeed(examples, batch_size, signature, skipped)


def in_order(feed: Feed) -> Iterator[tuple[Any, ...]]:
    """Chunks of all examples once, in their own order.

    They grow while whoever takes them is quick, so that a slow model can still be interrupted.
    """
    order = np.arange(len(feed.examples))
    start, num_batches = 0, feed.num_batches()
    step, most = 1, min(feed.max_batches(), MAX_CHUNK_BATCHES)
    while start < num_batches:
        rows = feed.rows(order, start, step)
        feed.ahead(order, start, step)
        chunk = feed.chunk(rows)
        given = time.perf_counter()
        yield chunk
        if time.perf_counter() - given < QUICK_SECONDS:
            step = min(2 * step, most)
        start += len(rows)


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
            yield from chunk[0].numpy()
    finally:
        feed.close()


def _stride(count: int) -> int:
    """From an index to its stand-in: far away, since broken files come in rows, and to all in the end."""
    stride = max(1, round(0.618 * count))
    while math.gcd(stride, count) != 1:
        stride += 1
    return stride


def _compact(labels: np.ndarray) -> np.ndarray:
    return labels.astype(np.int32 if labels.dtype.kind in "iu" else np.float32)
