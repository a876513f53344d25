"""Gradients of a batch that is computed in parts, one after the other: `training.accumulate`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

# Gives loss, outputs and gradients of some examples: features, and by target encoded labels and weights.
Differentiate = Callable[[Any, Any, Any], tuple[Any, Mapping[str, Any], Sequence[Any]]]


def in_parts(
    differentiate: Differentiate, batch: Sequence[Any], num_parts: int
) -> tuple[Any, dict[str, Any], list[Any]]:
    """Loss, outputs and gradients of a batch, of which only a part is in memory at a time.

    The loss of a part is a mean over its examples, so each counts by its size; only batch normalisation,
    which sees one part at a time, can tell the difference.

    Args:
        differentiate: Computes one part.
        batch: What it takes of all examples, with a batch size that the graph knows.
        num_parts: How many parts.
    """
    import tensorflow as tf

    size = int(tf.nest.flatten(batch)[0].shape[0])
    losses, outputs, total = [], [], None
    before: Sequence[Any] = ()
    for start, stop in part_bounds(size, num_parts):
        # Else TensorFlow would compute all of them at once.
        with tf.control_dependencies(before):
            part = tf.nest.map_structure(operator.itemgetter(slice(start, stop)), batch)
            loss, given, gradients = differentiate(*part)
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
        outputs.append(given)
    assert total is not None
    joined = {name: tf.concat([given[name] for given in outputs], 0) for name in outputs[0]}
    return tf.add_n(losses), joined, total


def part_bounds(size: int, num_parts: int) -> list[tuple[int, int]]:
    """Where each part begins and ends: all as large as the first, but for the last one."""
    part = -(-size // num_parts)
    return [(start, min(start + part, size)) for start in range(0, size, part)]


def _sum(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else one + other
