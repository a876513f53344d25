"""A distribution over all tokens at each place of a window."""

from __future__ import annotations

from typing import Any, ClassVar

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.tasks.bound import Encoding, SequenceBound, Shape, misfit
from bigmodel_cli.tasks.generation.task import Generation

# The logarithm of 0 is no number that can be averaged.
_LEAST = 1e-30


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

    def kept(self, outputs: Any, labels: Any) -> Any:
        """Of each place how likely the token was that came, and which was the likeliest.

        Distributions over a vocabulary would take as many times the memory of the text as it has tokens.
        """
        import tensorflow as tf

        outputs = tf.cast(outputs, tf.float32)
        likely = tf.nn.log_softmax(outputs) if self._of_logits else tf.math.log(tf.maximum(outputs, _LEAST))
        came = tf.gather(likely, tf.cast(labels, tf.int32), batch_dims=2)
        likeliest = tf.argmax(outputs, axis=-1, output_type=tf.int32)
        return tf.stack([came, tf.cast(likeliest, tf.float32)], axis=-1)
