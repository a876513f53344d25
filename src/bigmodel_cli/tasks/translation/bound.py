"""A distribution over all tokens at each place of the text that is written."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.tasks.bound import Encoding
from bigmodel_cli.tasks.generation.bound import GenerationBound


class TranslationBound(GenerationBound):
    """Targets are ids, or one-hot rows of them; where a text has ended they count nothing."""

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """As of a text that goes on; behind its end rows of `one_hot` are 0."""
        import tensorflow as tf

        encoded = super().encode(labels, encoding)
        if encoding == "integer":
            return encoded
        return tf.where(self._are_tokens(labels)[:, :, tf.newaxis], encoded, 0.0)

    def counted(self, encoded: Any, encoding: Encoding) -> Any:
        import tensorflow as tf

        return self._are_tokens(encoded) if encoding == "integer" else tf.reduce_any(encoded > 0, axis=-1)

    def _are_tokens(self, ids: Any) -> Any:
        import tensorflow as tf

        return tf.not_equal(tf.cast(ids, tf.int32), self.task.vocabulary.padding)

    def kept(self, outputs: Any, labels: Any) -> Any:
        """Of each example `SUMS`: the others' distributions take the vocabulary's times as much memory."""
        import tensorflow as tf

        by_place = super().kept(outputs, labels)
        counts = tf.cast(self._are_tokens(labels), tf.float32)
        is_right = tf.cast(tf.equal(by_place[:, :, 1], tf.cast(labels, tf.float32)), tf.float32)
        return tf.stack(
            [
                -tf.reduce_sum(by_place[:, :, 0] * counts, axis=1),
                tf.reduce_sum(is_right * counts, axis=1),
                tf.reduce_sum(counts, axis=1),
            ],
            axis=1,
        )
