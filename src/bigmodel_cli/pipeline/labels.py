"""Labels as losses and metrics need them: class indices, one-hot rows, 0 and 1, or numbers."""

from __future__ import annotations

from typing import Any, Literal

Encoding = Literal["integer", "one_hot", "binary", "number"]

# Keras's losses and metrics over classes differ in what they take; the rest take what the loss takes.
INTEGER_ONLY = frozenset(
    {
        "SparseCategoricalCrossentropy",
        "SparseCategoricalAccuracy",
        "SparseTopKCategoricalAccuracy",
        "sparse_categorical_crossentropy",
        "sparse_categorical_accuracy",
        "sparse_top_k_categorical_accuracy",
    }
)


def loss_encoding(loss_name: str, num_classes: int | None, num_outputs: int) -> Encoding:
    """How labels are encoded for a loss.

    Args:
        loss_name: Keras's name of the loss.
        num_classes: Number of classes, or None where labels are numbers.
        num_outputs: Size of the last axis of the model's output.
    """
    if num_classes is None:
        return "number"
    if loss_name in INTEGER_ONLY:
        return "integer"
    return "binary" if num_outputs == 1 else "one_hot"


def metric_encoding(metric_name: str, for_loss: Encoding) -> Encoding:
    """How labels are encoded for a metric beside a loss that takes `for_loss`."""
    if for_loss in ("number", "binary"):
        return for_loss
    if metric_name in INTEGER_ONLY:
        return "integer"
    return "one_hot"


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
