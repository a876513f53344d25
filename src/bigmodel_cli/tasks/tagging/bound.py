"""A distribution over all tags at each word."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.losses_and_metrics import MetricFacts, loss_facts
from bigmodel_cli.tasks.bound import Bound, Encoding, Shape, as_written, misfit
from bigmodel_cli.tasks.tagging.task import Tagging

_VARIANTS = {"integer": "SparseCategorical", "one_hot": "Categorical"}


class TaggingBound(Bound):
    """Targets are numbers of tags, or one-hot rows of them; what is behind the last word has no weight."""

    task: Tagging
    kept_dtype: ClassVar[str | None] = "float32"

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        length, size, facts = self.task.length, len(self.task.tags), loss_facts(aim.loss)
        if len(shape) != 3 or shape[1] not in (length, None) or shape[2] != size:
            raise misfit(
                aim,
                f"the model's output has shape {shape}; {size} tags at each of {length} words need "
                f"(None, {length}, {size})",
                "end the model with {Dense: {units: num_classes, activation: softmax}}, "
                "behind layers that keep every word (of GRU and LSTM return_sequences: true)",
            )
        if facts.outputs not in ("distribution", "any"):
            raise misfit(
                aim,
                f"{aim.loss.name} does not take a distribution over {size} tags at each word",
                "write loss: SparseCategoricalCrossentropy",
            )
        return "integer" if facts.takes_indices else "one_hot"

    def loss_of_adopted(self, num_outputs: int, activation: str) -> Any:
        if num_outputs != len(self.task.tags):
            return None
        return as_written("SparseCategoricalCrossentropy", activation)

    def metric_encoding(self, metric: MetricFacts) -> Encoding:
        return "integer" if metric.takes_indices else "one_hot"

    def variant(self, kind: Literal["Accuracy", "Crossentropy"], aim: Aim) -> str:
        return f"{_VARIANTS[self.encoding]}{kind}"

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """(batch, length) int32 for `integer`, (batch, length, tags) float32 for `one_hot`."""
        import tensorflow as tf

        # Padding has no weight, but Keras's losses take no number below 0.
        numbers = tf.maximum(tf.cast(labels, tf.int32), 0)
        return numbers if encoding == "integer" else tf.one_hot(numbers, len(self.task.tags))

    def kept(self, outputs: Any, labels: Any) -> Any:
        """Outputs with the labels beside them, which say where a sentence ends."""
        import tensorflow as tf

        beside = tf.cast(labels, tf.float32)[..., tf.newaxis]
        return tf.concat([tf.cast(outputs, tf.float32), beside], axis=-1)
