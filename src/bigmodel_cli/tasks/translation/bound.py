"""A distribution over all tokens at each place of the text that is written."""

from __future__ import annotations

from typing import Any

from bigmodel_cli.tasks.bound import Encoding
from bigmodel_cli.tasks.generation.bound import GenerationBound


class TranslationBound(GenerationBound):
    """Targets are ids, or one-hot rows of them; what is behind the end of a text has no weight."""

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        import tensorflow as tf

        # Padding has no weight, but Keras's losses take no number below 0.
        return super().encode(tf.maximum(labels, 0), encoding)

    def places(self, labels: Any) -> Any:
        import tensorflow as tf

        return tf.cast(labels >= 0, tf.float32)

    def kept(self, outputs: Any, labels: Any) -> Any:
        """Of each example `SUMS`: the others' distributions take the vocabulary's times as much memory."""
        import tensorflow as tf

        by_place = super().kept(outputs, tf.maximum(labels, 0))
        counts = tf.cast(labels >= 0, tf.float32)
        is_right = tf.cast(tf.equal(by_place[:, :, 1], tf.cast(labels, tf.float32)), tf.float32)
        return tf.stack(
            [
                -tf.reduce_sum(by_place[:, :, 0] * counts, axis=1),
                tf.reduce_sum(is_right * counts, axis=1),
                tf.reduce_sum(counts, axis=1),
            ],
            axis=1,
        )
