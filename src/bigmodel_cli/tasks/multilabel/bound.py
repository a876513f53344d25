"""An output for each label, of which each is a probability by itself."""

from __future__ import annotations

from typing import Any, Literal

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.losses_and_metrics import MetricFacts, loss_facts
from bigmodel_cli.tasks.bound import Bound, Encoding, Shape, as_written, misfit
from bigmodel_cli.tasks.multilabel.task import Multilabel


class MultilabelBound(Bound):
    """Losses and metrics take 0 and 1 for each label."""

    task: Multilabel

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        count, facts = len(self.task.class_names), loss_facts(aim.loss)
        if shape[1:] != (count,):
            raise misfit(
                aim,
                f"the model's output has shape {shape}; {count} labels need (None, {count})",
                "end the model with {Dense: {units: num_classes, activation: sigmoid}}",
            )
        if (facts.takes_indices and facts.outputs != "any") or facts.outputs == "distribution":
            raise misfit(
                aim,
                f"{aim.loss.name} is for one class of each example; here it may have several labels",
                "write loss: BinaryCrossentropy, and activation: sigmoid in the last layer",
            )
        return "number"

    def loss_of_adopted(self, num_outputs: int, activation: str) -> Any:
        fits = num_outputs == len(self.task.class_names)
        return as_written("BinaryCrossentropy", activation) if fits else None

    def metric_encoding(self, metric: MetricFacts) -> Encoding:
        return "number"

    def variant(self, kind: Literal["Accuracy", "Crossentropy"], aim: Aim) -> str:
        return f"Binary{kind}"

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """float32 of shape (batch, labels)."""
        import tensorflow as tf

        return tf.cast(labels, tf.float32)
