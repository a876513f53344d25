"""A distribution over the places of a window, for the beginning of an answer and for its end."""

from __future__ import annotations

from typing import Any, ClassVar

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.tasks.bound import Encoding, SequenceBound, Shape, misfit
from bigmodel_cli.tasks.question_answering.task import NONE, QuestionAnswering

# The logarithm of 0 is no number that can be compared.
_LEAST = 1e-30
_NEVER = -1e9


class QuestionAnsweringBound(SequenceBound):
    """Targets are places, or one-hot rows of them."""

    task: QuestionAnswering
    kept_dtype: ClassVar[str | None] = "float32"

    @property
    def size(self) -> int:
        return self.task.num_places

    def bind(self, shape: Shape, aim: Aim) -> QuestionAnsweringBound:
        self._of_logits = aim.reading.activation == "softmax"
        return super().bind(shape, aim)

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        if shape[1:] != (2, self.size):
            raise misfit(
                aim,
                f"the model's output has shape {shape}; where an answer begins and ends among "
                f"{self.task.length} words, or nowhere, needs (None, 2, {self.size})",
                "end the model with answer_span, behind layers that keep every word of the text",
            )
        return self.over_classes(aim, "places of a text")

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """(batch, 2) int32 for `integer`, (batch, 2, places) float32 for `one_hot`."""
        import tensorflow as tf

        return tf.cast(labels, tf.int32) if encoding == "integer" else tf.one_hot(labels, self.size)

    def kept(self, outputs: Any, labels: Any) -> Any:
        """Of each window the likeliest answer, as `decoding.best_spans` finds it: 4 numbers, not 2 for each
        word."""
        import tensorflow as tf

        outputs = tf.cast(outputs, tf.float32)
        likely = tf.nn.log_softmax(outputs) if self._of_logits else tf.math.log(tf.maximum(outputs, _LEAST))
        begins, ends, words = likely[:, 0, NONE + 1 :], likely[:, 1, NONE + 1 :], self.task.length
        together = [
            tf.pad(begins[:, : words - more] + ends[:, more:], ((0, 0), (0, more)), constant_values=_NEVER)
            for more in range(min(self.task.longest, words))
        ]
        every = tf.concat(together, axis=1)
        best = tf.argmax(every, axis=1, output_type=tf.int32)
        first, more = best % words + 1, best // words
        none = tf.reduce_sum(likely[:, :, NONE], axis=1)
        numbers = [tf.cast(first, tf.float32), tf.cast(first + more, tf.float32)]
        return tf.stack([*numbers, tf.exp(tf.reduce_max(every, axis=1)), tf.exp(none)], axis=1)
