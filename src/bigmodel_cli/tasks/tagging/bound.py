"""A distribution over all tags at each word."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.tasks.bound import Counting, Encoding, SequenceBound, Shape, misfit
from bigmodel_cli.tasks.tagging.scores import TaggingScoring, counts_of
from bigmodel_cli.tasks.tagging.task import SPAN_F1, Tagging


class TaggingBound(SequenceBound):
    """Targets are numbers of tags, or one-hot rows of them; what is behind the last word has no weight."""

    task: Tagging
    kept_dtype: ClassVar[str | None] = "float32"

    @property
    def size(self) -> int:
        return len(self.task.tags)

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        length, size = self.task.length, self.size
        if len(shape) != 3 or shape[1] not in (length, None) or shape[2] != size:
            raise misfit(
                aim,
                f"the model's output has shape {shape}; {size} tags at each of {length} words need "
                f"(None, {length}, {size})",
                "end the model with {Dense: {units: num_classes, activation: softmax}}, "
                "behind layers that keep every word (of GRU and LSTM return_sequences: true)",
            )
        return self.over_classes(aim, "tags at each word")

    def bind(self, shape: Shape, aim: Aim) -> TaggingBound:
        super().bind(shape, aim)
        self._reading = aim.reading
        return self

    def counting(self, metric: str) -> Counting | None:
        """F1 of the spans of each sentence, and how many there are in both what is right and what is told."""
        return Counting(self._span_f1) if metric == SPAN_F1 else None

    def _span_f1(self, labels: Any, outputs: Any) -> tuple[Any, Any]:
        import tensorflow as tf

        counts = tf.numpy_function(self._spans, [labels, tf.cast(outputs, tf.float32)], tf.float32)
        counts.set_shape((None, 2))
        spans = tf.maximum(counts[:, 1], 1.0)
        return 2 * counts[:, 0] / spans, counts[:, 1]

    def _spans(self, labels: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        values = TaggingScoring(self.task).of_outputs(labels, outputs, self._reading)
        found, told, there = (part.sum(axis=1) for part in counts_of(self.task, labels, values)[:3])
        return np.stack([found, told + there], axis=1).astype(np.float32)

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """(batch, length) int32 for `integer`, (batch, length, tags) float32 for `one_hot`."""
        import tensorflow as tf

        # Padding has no weight, but Keras's losses take no number below 0.
        numbers = tf.maximum(tf.cast(labels, tf.int32), 0)
        return numbers if encoding == "integer" else tf.one_hot(numbers, len(self.task.tags))

    def places(self, labels: Any) -> Any:
        import tensorflow as tf

        return tf.cast(labels >= 0, tf.float32)

    def kept(self, outputs: Any, labels: Any) -> Any:
        """Outputs with the labels beside them, which say where a sentence ends."""
        import tensorflow as tf

        beside = tf.cast(labels, tf.float32)[..., tf.newaxis]
        return tf.concat([tf.cast(outputs, tf.float32), beside], axis=-1)
