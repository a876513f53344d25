"""Gradients of lookups in a table, of which TensorFlow gives one row for each lookup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def summed_by_row(gradients: Sequence[Any], optimizer: Any) -> list[Any]:
    """Gradients with one row for each row of a table, where the optimizer needs them so.

    Keras's Adam squares each of a token's gradients by itself, and adds up the squares; the same batch in
    parts, or on several devices, has the square of their sum, as Kingma and Ba 2014 mean it.

    Args:
        gradients: Of one variable each; None where there is none.
        optimizer: A Keras optimizer. Steps of SGD without momentum and without clipping are sums anyway, and
            stay sparse, so that only rows that were looked up are touched.
    """
    import keras
    import tensorflow as tf

    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    clips = optimizer.clipnorm, optimizer.global_clipnorm, optimizer.clipvalue
    if type(optimizer) is keras.optimizers.SGD and not optimizer.momentum and not any(clips):
        return list(gradients)
    return [
        tf.convert_to_tensor(gradient) if isinstance(gradient, tf.IndexedSlices) else gradient
        for gradient in gradients
    ]
