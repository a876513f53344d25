"""Batches of texts of about equal length, each as long as its longest text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bigmodel_cli.pipeline.feed import Chunk, Feed
from bigmodel_cli.pipeline.order import order_by_length
from bigmodel_cli.sources.base import Examples


class TextFeed(Feed):
    """A feed whose batches have no padding that all of their texts have.

    Args:
        examples: Of one split; its columns and targets of two axes are ids, of which 0 is padding.
        batch_size: Examples per batch.
        args, how: As `Feed` takes them.
    """

    def __init__(self, examples: Examples, batch_size: int, *args: Any, **how: Any) -> None:
        super().__init__(examples, batch_size, *args, **how)
        columns = [*(store.array for store in examples.inputs.values()), *examples.targets.values()]
        texts = [column for column in columns if column is not None and _are_ids(column)]
        self._lengths = np.max([(ids != 0).sum(axis=1) for ids in texts], axis=0)

    def epoch_order(self, *, seed: int, epoch: int) -> np.ndarray:
        order = super().epoch_order(seed=seed, epoch=epoch)
        return order_by_length(order, self._lengths, self.batch_size, seed=seed, epoch=epoch)

    def batch(self, chunk: Chunk, index: Any) -> tuple[Any, Mapping[str, Any]]:
        features, targets = super().batch(chunk, index)
        return _cut(features), _cut(targets)


def _cut(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns without the places at their end where no text has a token, inside the graph."""
    return {name: _as_long_as_longest(one) if _are_ids(one) else one for name, one in columns.items()}


def _are_ids(column: Any) -> bool:
    return len(column.shape) == 2 and column.dtype in (np.int32, np.int64)


def _as_long_as_longest(ids: Any) -> Any:
    import tensorflow as tf

    places = tf.range(1, tf.shape(ids)[1] + 1)
    longest = tf.reduce_max(tf.where(tf.not_equal(ids, 0), places, 0))
    # Of a batch of empty texts one place stays: what has none cannot be computed.
    return ids[:, : tf.maximum(longest, 1)]
