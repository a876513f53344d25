"""Numbers for each example: an output for each."""

from __future__ import annotations

from typing import Any, Literal

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.losses_and_metrics import MetricFacts, loss_facts
from bigmodel_cli.tasks.bound import Bound, Encoding, Shape, misfit
from bigmodel_cli.tasks.regression.task import Regression

# The exponential of more is infinite, and there is no logarithm of less.
_LARGEST_LOG, _LEAST = 80.0, -1 + 1e-6


class RegressionBound(Bound):
    """Losses and metrics take numbers as they are."""

    task: Regression

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        wanted = self.task.target_shape or (1,)
        if shape[1:] != wanted:
            raise misfit(
                aim,
                f"the model's output has shape {shape}; the labels are numbers of shape {wanted}, "
                f"which needs {(None, *wanted)}",
                f"end the model with {{Dense: {{units: {wanted[-1]}}}}}",
            )
        return "number"

    def loss_of_adopted(self, num_outputs: int, activation: str) -> Any:
        return "MeanSquaredError" if num_outputs == (self.task.target_shape or (1,))[-1] else None

    def metric_encoding(self, metric: MetricFacts) -> Encoding:
        return "number"

    def variant(self, kind: Literal["Accuracy", "Crossentropy"], aim: Aim) -> str:
        # Of several labels of 0 and 1, each may be right.
        is_binary = kind == "Crossentropy" or loss_facts(aim.loss).takes_probabilities
        return f"Binary{kind}" if is_binary else kind

    def in_own_unit(self, tensor: Any) -> Any:
        import keras

        task = self.task
        if task.spread is not None:
            tensor = keras.layers.Rescaling(task.spread, task.center, dtype="float32")(tensor)
        return keras.ops.expm1(keras.ops.clip(tensor, -_LARGEST_LOG, _LARGEST_LOG)) if task.log else tensor

    def seen_by_loss(self, values: Any) -> Any:
        import tensorflow as tf

        task = self.task
        if task.log:
            values = tf.math.log1p(tf.maximum(values, _LEAST))
        return values if task.spread is None else (values - task.center) / task.spread

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """float32 of at least two axes."""
        import tensorflow as tf

        labels = tf.cast(labels, tf.float32)
        return labels if labels.shape.rank != 1 else labels[:, tf.newaxis]
