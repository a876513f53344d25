"""Numbers for each example: an output for each."""

from __future__ import annotations

from typing import Any, Literal

from bigmodel_cli.config.losses_and_metrics import MetricFacts, loss_facts
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.tasks.bound import Bound, Encoding, Shape, misfit
from bigmodel_cli.tasks.regression.task import Regression


class RegressionBound(Bound):
    """Losses and metrics take numbers as they are."""

    task: Regression

    def loss_encoding(self, shape: Shape, experiment: Experiment) -> Encoding:
        wanted = self.task.target_shape or (1,)
        if shape[1:] != wanted:
            raise misfit(
                experiment,
                f"the model's output has shape {shape}; the labels are numbers of shape {wanted}, "
                f"which needs {(None, *wanted)}",
                f"end the model with {{Dense: {{units: {wanted[-1]}}}}}",
            )
        return "number"

    def metric_encoding(self, metric: MetricFacts) -> Encoding:
        return "number"

    def variant(self, kind: Literal["Accuracy", "Crossentropy"], experiment: Experiment) -> str:
        # Of several labels of 0 and 1, each may be right.
        is_binary = kind == "Crossentropy" or loss_facts(experiment.loss).takes_probabilities
        return f"Binary{kind}" if is_binary else kind

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """float32 of at least two axes."""
        import tensorflow as tf

        labels = tf.cast(labels, tf.float32)
        return labels if labels.shape.rank != 1 else labels[:, tf.newaxis]
