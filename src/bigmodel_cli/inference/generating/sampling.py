"""Which token is taken of those that may follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# Graphs take smaller numbers for 0, by which nothing is divided.
_LOWEST = float(np.finfo(np.float32).tiny)


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

    def most(self, num_tokens: int) -> int:
        """How many of the likeliest tokens are looked at; 0: the likeliest alone is taken.

        Of `top_k` the next power of two: a graph is compiled for each number of them, and a server is asked
        for any.
        """
        if self.temperature < _LOWEST:
            return 0
        return num_tokens if self.top_k is None else min(1 << (self.top_k - 1).bit_length(), num_tokens)

    def numbers(self, num_tokens: int) -> np.ndarray:
        """What decides beside that, as `token_of` takes it."""
        top_k = num_tokens if self.top_k is None else min(self.top_k, num_tokens)
        return np.array([self.temperature, top_k, self.top_p], np.float32)

    def token(self, likely: Any, drawn: Any) -> Any:
        """As `token_of`, for this way to draw."""
        size = likely.shape[-1]
        return token_of(likely, drawn, self.numbers(size), self.most(size))


def token_of(likely: Any, drawn: Any, numbers: Any, most: int) -> Any:
    """The next token of each text, inside a graph.

    Args:
        likely: Logits, or logarithms of probabilities, float32 of shape (texts, vocabulary).
        drawn: Numbers from 0 to 1 that decide, of shape (texts,).
        numbers: Temperature, `top_k` and `top_p`, float32 of shape (3,).
        most: How many of the likeliest are looked at.

    Returns:
        int32 of shape (texts,).
    """
    import tensorflow as tf

    if not most:
        return tf.argmax(likely, axis=-1, output_type=tf.int32)
    temperature, top_k, top_p = numbers[0], numbers[1], numbers[2]
    values, ids = tf.math.top_k(likely, k=most)
    # The largest is 0, whatever it is divided by.
    values = (values - values[:, :1]) / temperature
    shares = tf.nn.softmax(tf.where(tf.range(most) < tf.cast(top_k, tf.int32), values, -np.inf))
    before = tf.cumsum(shares, axis=-1, exclusive=True)
    shares = tf.where(before < top_p, shares, 0.0)
    upto = tf.cumsum(shares, axis=-1)
    is_behind = upto <= drawn[:, tf.newaxis] * upto[:, -1:]
    # What rounding leaves of the last number must not lead behind the last token that counts.
    counted = tf.reduce_sum(tf.cast(shares > 0, tf.int32), axis=-1)
    place = tf.minimum(tf.reduce_sum(tf.cast(is_behind, tf.int32), axis=-1), counted - 1)
    return tf.cast(tf.gather(ids, place, batch_dims=1), tf.int32)
