"""A distribution over all tokens at each place of a window."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.tasks.bound import Counting, Encoding, SequenceBound, Shape, misfit
from bigmodel_cli.tasks.generation.task import BITS_PER_BYTE, PERPLEXITY, Generation

# The logarithm of 0 is no number that can be averaged.
_LEAST = 1e-30
_LEAST_BYTES = 1e-6


class GenerationBound(SequenceBound):
    """Targets are ids, or one-hot rows of them."""

    task: Generation
    kept_dtype: ClassVar[str | None] = "float32"

    @property
    def size(self) -> int:
        return self.task.vocabulary.size

    def bind(self, shape: Shape, aim: Aim) -> GenerationBound:
        self._of_logits = aim.reading.activation == "softmax"
        return super().bind(shape, aim)

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        length, size = self.task.length, self.size
        if len(shape) != 3 or shape[1] not in (length, None) or shape[2] != size:
            raise misfit(
                aim,
                f"the model's output has shape {shape}; the next of {size} tokens at each of {length} places "
                f"needs (None, {length}, {size})",
                "end the model with {Dense: {units: vocabulary_size, activation: softmax}}, "
                "behind layers that keep every place (of GRU and LSTM return_sequences: true)",
            )
        return self.over_classes(aim, "tokens at each place")

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """(batch, length) int32 for `integer`, (batch, length, vocabulary) float32 for `one_hot`."""
        import tensorflow as tf

        ids = tf.cast(labels, tf.int32)
        return ids if encoding == "integer" else tf.one_hot(ids, self.task.vocabulary.size, dtype=tf.float32)

    def counting(self, metric: str) -> Counting | None:
        """Surprise for each byte of UTF-8, whatever tokens are, or for each token."""
        if metric == BITS_PER_BYTE:
            return Counting(self._bits)
        return Counting(self._surprise, is_exponential=True) if metric == PERPLEXITY else None

    def _surprise(self, labels: Any, outputs: Any) -> tuple[Any, Any]:
        """−ln of how likely each token was that came; padding counts nothing."""
        import tensorflow as tf

        return -self._likely(tf.maximum(labels, 0), outputs), tf.cast(labels >= 0, tf.float32)

    def _bits(self, labels: Any, outputs: Any) -> tuple[Any, Any]:
        import tensorflow as tf

        surprise, counts = self._surprise(labels, outputs)
        # Tokens of no text have no bytes, and are as surprising as others.
        num_bytes = np.maximum(self.task.vocabulary.num_bytes(), _LEAST_BYTES).astype(np.float32)
        of_tokens = tf.gather(tf.constant(num_bytes), tf.cast(tf.maximum(labels, 0), tf.int32))
        return surprise / (of_tokens * np.log(2.0).astype(np.float32)), counts * of_tokens

    def _likely(self, labels: Any, outputs: Any) -> Any:
        """The logarithm of how likely each token was that came."""
        import tensorflow as tf

        outputs = tf.cast(outputs, tf.float32)
        likely = tf.nn.log_softmax(outputs) if self._of_logits else tf.math.log(tf.maximum(outputs, _LEAST))
        return tf.gather(likely, tf.cast(labels, tf.int32), batch_dims=2)

    def kept(self, outputs: Any, labels: Any) -> Any:
        """Of each place how likely the token was that came, and which was the likeliest.

        Distributions over a vocabulary would take as many times the memory of the text as it has tokens.
        """
        import tensorflow as tf

        likeliest = tf.argmax(outputs, axis=-1, output_type=tf.int32)
        return tf.stack([self._likely(labels, outputs), tf.cast(likeliest, tf.float32)], axis=-1)
