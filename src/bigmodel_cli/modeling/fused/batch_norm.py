"""Batch normalisation of images in one operation; Keras's layer goes through its input several times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from bigmodel_cli.modeling.relied_on import replaced

# Batch, height, width, channels.
_RANK = 4


@contextmanager
def fused_batch_norm(model: Any) -> Iterator[None]:
    """Let the batch normalisations of a model that is called with `training=True` inside the block be fused.

    Layers keep their weights, and moving statistics move as Keras moves them. Those with renormalisation,
    a mask, or channels that are not last stay as they are.
    """
    with ExitStack() as stack:
        for layer in batch_norms(model):
            if layer.renorm or layer.synchronized:
                continue
            stack.enter_context(replaced(layer, "call", _fused(layer, layer.call)))
        yield


def batch_norms(model: Any) -> Iterator[Any]:
    """The batch normalisations of a model, also those inside models that are layers of it, each once."""
    import keras

    seen = set()
    waiting = [model]
    while waiting:
        layer = waiting.pop()
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        if isinstance(layer, keras.Model):
            waiting += layer.layers
        elif type(layer) is keras.layers.BatchNormalization:
            yield layer


def _fused(layer: Any, plain: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    def call(inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        axis = layer.axis % _RANK
        fits = len(inputs.shape) == _RANK and axis == _RANK - 1 and mask is None
        if not (training and layer.trainable and fits):
            return plain(inputs, training=training, mask=mask)
        channels = inputs.shape[-1:]
        outputs, mean, unbiased, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(layer.gamma) if layer.scale else tf.ones(channels),
            offset=tf.convert_to_tensor(layer.beta) if layer.center else tf.zeros(channels),
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=layer.epsilon,
            is_training=True,
        )
        # The variance that the operation gives away is divided by n - 1, Keras's by n.
        count = tf.cast(tf.size(inputs) // channels[0], tf.float32)
        variance = unbiased * ((count - 1) / count)
        for moving, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + batch * (1.0 - layer.momentum))
        return outputs

    return call
