"""Gradients of the whole batch, before an optimizer clips or scales them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from bigmodel_cli.modeling.relied_on import replaced
from bigmodel_cli.modeling.replicas.distribution import sum_over_replicas


def summed_already(optimizer: Any) -> AbstractContextManager[None]:
    """Let an optimizer's `apply` take gradients inside the block as those of the whole batch.

    Keras adds them up after it has clipped each replica's own: not what one device would do. On one device it
    asks TensorFlow for a sum of one too, which then keeps the graph for as long as the process lives.
    """
    import keras

    is_scaling = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    inner = optimizer.inner_optimizer if is_scaling else optimizer
    return replaced(inner, "_all_reduce_sum_gradients", lambda pairs: pairs)


def of_the_batch(gradients: Sequence[Any], loss: Any) -> tuple[list[Any], Any]:
    """The sums over all replicas of gradients, None among them, and of the loss, in one exchange."""
    known = [gradient for gradient in gradients if gradient is not None]
    *summed, loss = sum_over_replicas([*known, loss])
    rest = iter(summed)
    return [None if gradient is None else next(rest) for gradient in gradients], loss
