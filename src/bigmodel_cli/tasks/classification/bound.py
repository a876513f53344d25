"""A class for each example: an output for each class, or one for two."""

from __future__ import annotations

from typing import Any, Literal

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.losses_and_metrics import LossFacts, MetricFacts, loss_facts
from bigmodel_cli.tasks.bound import Bound, Encoding, Shape, as_written, misfit
from bigmodel_cli.tasks.classification.task import Classification

_VARIANTS = {"integer": "SparseCategorical", "one_hot": "Categorical", "binary": "Binary"}


class ClassificationBound(Bound):
    """Labels are class indices; losses and metrics take them as such, as one-hot rows, or as 0 and 1."""

    task: Classification

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        count, facts = self.task.num_classes, loss_facts(aim.loss)
        if len(shape) != 2:
            raise misfit(
                aim,
                f"the model's output has shape {shape}; {count} classes need (None, {count})",
                "add Flatten or GlobalAveragePooling2D, "
                "then {Dense: {units: num_classes, activation: softmax}}",
            )
        num_outputs = shape[1]
        is_binary = num_outputs == 1 and (not facts.takes_indices or facts.outputs == "any")
        if num_outputs == count and not is_binary:
            return "integer" if facts.takes_indices else "one_hot"
        if is_binary and count == 2 and not facts.needs_several:
            return "binary"
        raise misfit(
            aim,
            f"the model's output has shape {shape}; {aim.loss.name} over the data's {count} classes "
            f"needs (None, {count})",
            _fitting(aim, facts, num_outputs),
        )

    def loss_of_adopted(self, num_outputs: int, activation: str) -> Any:
        if (num_outputs, self.task.num_classes) == (1, 2):
            return as_written("BinaryCrossentropy", activation)
        if num_outputs != self.task.num_classes:
            return None
        # Where each class has a probability by itself.
        name = "BinaryCrossentropy" if activation == "sigmoid" else "SparseCategoricalCrossentropy"
        return as_written(name, activation)

    def metric_encoding(self, metric: MetricFacts) -> Encoding:
        if self.encoding == "binary":
            return "binary"
        return "integer" if metric.takes_indices else "one_hot"

    def variant(self, kind: Literal["Accuracy", "Crossentropy"], aim: Aim) -> str:
        return f"{_VARIANTS[self.encoding]}{kind}"

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """(batch,) int32 for `integer`, (batch, classes) float32 for `one_hot`, (batch, 1) float32 else."""
        import tensorflow as tf

        if encoding == "binary":
            return tf.cast(labels, tf.float32)[:, tf.newaxis]
        indices = tf.cast(labels, tf.int32)
        if encoding == "integer":
            return indices
        return tf.one_hot(indices, self.task.num_classes, dtype=tf.float32)


def _fitting(aim: Aim, loss: LossFacts, num_outputs: int | None) -> str:
    """What to write where outputs and classes are not as many."""
    of_classes = "write units: num_classes"
    source = aim.source
    # Whole numbers are taken for classes, also where they are ages.
    if loss.is_for_classes or num_outputs != 1 or not hasattr(source.options, "labels"):
        return of_classes
    return f"write labels: numbers in {source.name} if the labels are quantities; else {of_classes[6:]}"
