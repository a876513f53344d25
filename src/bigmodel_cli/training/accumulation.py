"""Gradients of a batch that is computed in parts, one after the other: `training.accumulate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

# Gives loss, predictions and gradients of some examples: features, encoded labels, sample weights or None.
Differentiate = Callable[[Any, Any, Any], tuple[Any, Any, Sequence[Any]]]


def in_parts(
    differentiate: Differentiate, features: Any, y: Any, sample_weights: Any, num_parts: int
) -> tuple[Any, Any, list[Any]]:
    """Loss, predictions and gradients of a batch, of which only a part is in memory at a time.

    The loss of a part is a mean over its examples, so each counts by its size; only batch normalisation,
    which sees one part at a time, can tell the difference.

    Args:
        differentiate: Computes one part.
        features: Of shape (batch, …), with a batch size that the graph knows.
        y: Encoded labels.
        sample_weights: Of shape (batch,), or None.
        num_parts: How many parts.
    """
    import tensorflow as tf

    size = int(features.shape[0])
    losses, predictions, total = [], [], None
    before: Sequence[Any] = ()
    for start, stop in part_bounds(size, num_parts):
        # Else TensorFlow would compute all of them at once.
        with tf.control_dependencies(before):
            part = slice(start, stop)
            weights = None if sample_weights is None else sample_weights[part]
            loss, predicted, gradients = differentiate(features[part], y[part], weights)
            share = (stop - start) / size
            scaled = [
                None if g is None else tf.convert_to_tensor(g) * tf.cast(share, g.dtype) for g in gradients
            ]
            total = (
                scaled
                if total is None
                else [_sum(one, other) for one, other in zip(total, scaled, strict=True)]
            )
        before = [gradient for gradient in total if gradient is not None]
        losses.append(loss * tf.cast(share, loss.dtype))
        predictions.append(predicted)
    assert total is not None
    return tf.add_n(losses), tf.concat(predictions, 0), total


def part_bounds(size: int, num_parts: int) -> list[tuple[int, int]]:
    """Where each part begins and ends: all as large as the first, but for the last one."""
    part = -(-size // num_parts)
    return [(start, min(start + part, size)) for start in range(0, size, part)]


def _sum(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else one + other
