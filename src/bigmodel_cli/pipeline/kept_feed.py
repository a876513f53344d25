"""Batches of what was computed once of the examples, where it is in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bigmodel_cli.pipeline.dealing import Dealing
from bigmodel_cli.pipeline.feed import Chunk, Feed, compact, reachable
from bigmodel_cli.signature import INPUT, TARGET, Signature
from bigmodel_cli.sources.base import Examples


class KeptFeed(Feed):
    """What was computed of examples, in memory: it comes into the graph as a whole, and is gathered there.

    It is zeros until `fill`, which is enough to trace steps and to measure them.

    Args:
        examples: What it is made of.
        batch_size: Examples per batch.
        signature: What it is for one example.
        oversample: As for every feed.
        dealing: The same.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        signature: Signature,
        *,
        oversample: bool = False,
        dealing: Dealing | None = None,
    ) -> None:
        super().__init__(examples, batch_size, oversample=oversample, dealing=dealing)
        self.fill(np.zeros((len(examples), *signature.shape), signature.dtype), examples.labels)

    def fill(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Take what was computed, and the labels of the examples that it was computed of."""
        import tensorflow as tf

        with reachable(self.dealing):
            self._all = tf.constant(features), tf.constant(compact(labels))

    def _items(self, rows: np.ndarray) -> Chunk:
        import tensorflow as tf

        features, labels = self._all
        given = {"rows": {INPUT: tf.constant(rows.astype(np.int32))}}
        return {**given, "inputs": {INPUT: features}, "targets": {TARGET: labels}}

    def batch(self, chunk: Chunk, index: Any) -> tuple[Any, Mapping[str, Any]]:
        import tensorflow as tf

        rows = chunk["rows"][INPUT][index]
        with reachable(self.dealing):
            features = tf.gather(chunk["inputs"][INPUT], rows)
            return features, {TARGET: tf.gather(chunk["targets"][TARGET], rows)}
