"""Batch normalisation over the examples of all replicas.

Keras's `synchronized=True` counts what only fills a batch up, and computes E[x²] - E[x]², which loses digits
where the mean is far from zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.fused.batch_norm import batch_norms
from bigmodel_cli.modeling.relied_on import replaced
from bigmodel_cli.modeling.replicas.distribution import sum_over_replicas
from bigmodel_cli.modeling.replicas.part import current_part


@contextmanager
def joint_batch_norm(model: Any) -> Iterator[None]:
    """Let the batch normalisations of a model that is called with `training=True` inside see all replicas.

    Raises:
        UsageError: If one of them uses renormalisation, which replicas cannot share.
    """
    with ExitStack() as stack:
        for layer in batch_norms(model):
            if layer.renorm:
                raise UsageError(
                    f"{layer.name}: batch renormalisation is for one device",
                    hint="leave renorm out of BatchNormalization, or write training.device=gpu",
                )
            stack.enter_context(replaced(layer, "call", _joint(layer, layer.call)))
        yield


def _joint(layer: Any, plain: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not (training and layer.trainable):
            return plain(inputs, training=training, mask=mask)
        axis = layer.axis % len(inputs.shape)
        # Seen along the channels, wherever they are.
        shape = [1] * len(inputs.shape)
        shape[axis] = inputs.shape[axis]
        features = tf.cast(inputs, tf.float32)
        mean, variance = _moments(
            features, _weights(features, mask), tf.reshape(layer.moving_mean, shape), axis
        )
        for moving, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + batch * (1.0 - layer.momentum))
        normalised = tf.nn.batch_normalization(
            features,
            tf.reshape(mean, shape),
            tf.reshape(variance, shape),
            tf.reshape(layer.beta, shape) if layer.center else None,
            tf.reshape(layer.gamma, shape) if layer.scale else None,
            layer.epsilon,
        )
        return tf.cast(normalised, layer.compute_dtype)

    return call


def _weights(features: Any, mask: Any) -> Any:
    """What each place of each example counts: of shape (batch, …, 1), to be spread over the channels."""
    import tensorflow as tf

    rank = len(features.shape)
    counted = current_part().counted
    weights = tf.reshape(counted, [-1, *[1] * (rank - 1)])
    if mask is not None:
        weights *= tf.cast(
            tf.reshape(mask, [*tf.unstack(tf.shape(mask)), *[1] * (rank - len(mask.shape))]), tf.float32
        )
    return weights


def _moments(features: Any, weights: Any, shift: Any, axis: int) -> tuple[Any, Any]:
    """Mean and biased variance of each channel over all replicas, as one sum over them.

    Of numbers near zero the difference of squares loses no digits, and the moving mean is near the mean.
    """
    import tensorflow as tf

    axes = [other for other in range(len(features.shape)) if other != axis]
    weights = tf.broadcast_to(weights, tf.shape(features))
    shifted = features - tf.stop_gradient(shift)
    sums = [tf.reduce_sum(weights * power, axes) for power in (tf.ones_like(shifted), shifted, shifted**2)]
    (together,) = sum_over_replicas([tf.stack(sums)])
    count, total, squares = tf.unstack(together)
    mean = total / count
    variance = tf.maximum(squares / count - mean**2, 0.0)
    return mean + tf.reshape(tf.stop_gradient(shift), [-1]), variance
