"""Labels as losses and metrics need them: class indices, one-hot rows, 0 and 1, or numbers."""

from __future__ import annotations

from typing import Any, Literal

from bigmodel_cli.config.losses_and_metrics import LossFacts, MetricFacts

Encoding = Literal["integer", "one_hot", "binary", "number"]


def loss_encoding(loss: LossFacts, num_classes: int | None, num_outputs: int) -> Encoding:
    """How labels are encoded for a loss.

    Args:
        loss: What is known of it.
        num_classes: Number of classes, or None where labels are numbers.
        num_outputs: Size of the last axis of the model's output.
    """
    if num_classes is None:
        return "number"
    if loss.takes_indices:
        return "integer"
    return "binary" if num_outputs == 1 else "one_hot"


def metric_encoding(metric: MetricFacts, for_loss: Encoding) -> Encoding:
    """How labels are encoded for a metric beside a loss that takes `for_loss`."""
    if for_loss in ("number", "binary"):
        return for_loss
    return "integer" if metric.takes_indices else "one_hot"


def encode(labels: Any, encoding: Encoding, num_classes: int | None) -> Any:
    """Encode a batch of labels inside a TensorFlow graph.

    Args:
        labels: Integer tensor of shape (batch,) for classes; float tensor of shape (batch, …) for numbers.
        encoding: How.
        num_classes: Width of one-hot rows.

    Returns:
        (batch,) int32 for `integer`, (batch, num_classes) float32 for `one_hot`, (batch, 1) float32 for
        `binary`, and float32 of at least two axes for `number`.
    """
    import tensorflow as tf

    if encoding == "integer":
        return tf.cast(labels, tf.int32)
    if encoding == "one_hot":
        return tf.one_hot(tf.cast(labels, tf.int32), num_classes, dtype=tf.float32)
    labels = tf.cast(labels, tf.float32)
    return labels if labels.shape.rank != 1 else labels[:, tf.newaxis]
