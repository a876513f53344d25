"""What layers learn from before training: the training split's values, read in batches or by column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.pipeline.bad_files import SkippedFiles
from bigmodel_cli.pipeline.feed import Feed, in_order
from bigmodel_cli.sources.base import Examples


def raw_features(
    examples: Examples, batch_size: int = 256, *, skipped: SkippedFiles | None = None
) -> Iterator[np.ndarray]:
    """The one input of all examples in batches, as the source yields it; `skipped` as for a feed."""
    store = examples.store
    if store.array is not None:
        for start in range(0, len(examples), batch_size):
            yield store.array[start : start + batch_size]
        return
    feed = Feed(examples, batch_size, skipped)
    try:
        for chunk in in_order(feed):
            (read,) = chunk["read"].values()
            yield from read.numpy()
    finally:
        feed.close()


@dataclass(frozen=True)
class TrainingExamples:
    """What layers learn from before training, read from examples.

    Attributes:
        examples: Of the training split.
        skipped: As for a feed.
    """

    examples: Examples
    skipped: SkippedFiles | None = None

    def batches(self) -> Iterator[np.ndarray]:
        """The one input, in batches."""
        return raw_features(self.examples, skipped=self.skipped)

    def values(self, name: str, most: int | None = None) -> np.ndarray:
        """A column, shape (n, …): all of it, or `most` values that are spread evenly."""
        count = len(self.examples)
        rows = (
            np.arange(count)
            if most is None or count <= most
            else np.linspace(0, count - 1, most).astype(np.int64)
        )
        store = self.examples.inputs[name]
        if not store.gathers:
            return np.stack([store.read(row) for row in rows.tolist()])
        return store.values_of(store.gather(rows))
