"""Which token is taken of those that may follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Sampling:
    """How a token is drawn.

    Attributes:
        temperature: By what logits are divided; 0 takes the likeliest token.
        top_k: Of so many of the likeliest; None: of all.
        top_p: Of the fewest that have this share together (Holtzman et al. 2020, arXiv:1904.09751).
        seed: Fixes what is drawn.
    """

    temperature: float = 0.8
    top_k: int | None = None
    top_p: float = 1.0
    seed: int = 0

    def drawn(self, num_texts: int, num_tokens: int) -> np.ndarray:
        """Numbers from 0 to 1 that decide, float32 (texts, tokens); those of a text depend on no other."""
        rows = [np.random.default_rng([self.seed, row]).random(num_tokens) for row in range(num_texts)]
        return np.stack(rows).astype(np.float32)

    def token(self, likely: Any, drawn: Any) -> Any:
        """The next token of each text, inside a graph.

        Args:
            likely: Logits, or logarithms of probabilities, float32 of shape (texts, vocabulary).
            drawn: Of shape (texts,).

        Returns:
            int32 of shape (texts,).
        """
        import tensorflow as tf

        if self.temperature == 0:
            return tf.argmax(likely, axis=-1, output_type=tf.int32)
        size = likely.shape[-1]
        most = size if self.top_k is None else min(self.top_k, size)
        values, ids = tf.math.top_k(likely / self.temperature, k=most)
        shares = tf.nn.softmax(values)
        before = tf.cumsum(shares, axis=-1, exclusive=True)
        shares = tf.where(before < self.top_p, shares, 0.0)
        upto = tf.cumsum(shares, axis=-1)
        is_behind = upto <= drawn[:, tf.newaxis] * upto[:, -1:]
        # What rounding leaves of the last number must not lead behind the last token that counts.
        counted = tf.reduce_sum(tf.cast(shares > 0, tf.int32), axis=-1)
        place = tf.minimum(tf.reduce_sum(tf.cast(is_behind, tf.int32), axis=-1), counted - 1)
        return tf.cast(tf.gather(ids, place, batch_dims=1), tf.int32)
