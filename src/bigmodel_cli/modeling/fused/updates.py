"""Optimizer updates of one operation per variable.

Keras writes an update as a dozen operations, each of which goes through all of a variable's memory.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from bigmodel_cli.modeling.relied_on import relied_on, replaced

# `update_step` of Keras's optimizers: gradient, variable, learning rate.
Update = Callable[[Any, Any, Any], Any]


def fused_updates(optimizer: Any) -> AbstractContextManager[None]:
    """Let an optimizer's `apply` use fused operations inside the block, once, where TensorFlow has them.

    Args:
        optimizer: A built Keras optimizer. Adam and AdamW (without `amsgrad`) and SGD have fused operations;
            any other, and a gradient that is sparse, is updated as Keras does it.
    """
    import keras

    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    fused = _fused(optimizer)
    if fused is None:
        return nullcontext()
    return replaced(optimizer, "update_step", _where_dense(fused, optimizer.update_step))


def _fused(optimizer: Any) -> Update | None:
    import keras

    kind = type(optimizer)
    # A subclass may compute something else.
    if kind in (keras.optimizers.Adam, keras.optimizers.AdamW) and not optimizer.amsgrad:
        return _adam(optimizer)
    if kind is keras.optimizers.SGD:
        return _momentum(optimizer) if optimizer.momentum else _gradient_descent()
    return None


def _where_dense(fused: Update, plain: Update) -> Update:
    import tensorflow as tf

    def update(gradient: Any, variable: Any, learning_rate: Any) -> None:
        if isinstance(gradient, tf.IndexedSlices):
            plain(gradient, variable, learning_rate)
        else:
            gradient, learning_rate = (tf.cast(value, variable.dtype) for value in (gradient, learning_rate))
            fused(gradient, variable, learning_rate)

    return update


def _adam(optimizer: Any) -> Update:
    """Kingma and Ba 2014 as at the end of its section 2: the bias correction is in the step size."""
    import tensorflow as tf

    powers: dict[Any, tuple[Any, Any, Any, Any]] = {}

    def constants(dtype: Any) -> tuple[Any, Any, Any, Any]:
        if dtype not in powers:
            step = tf.cast(optimizer.iterations + 1, dtype)
            beta_1, beta_2 = (tf.constant(beta, dtype) for beta in (optimizer.beta_1, optimizer.beta_2))
            powers[dtype] = beta_1, beta_2, tf.pow(beta_1, step), tf.pow(beta_2, step)
        return powers[dtype]

    def update(gradient: Any, variable: Any, learning_rate: Any) -> None:
        beta_1, beta_2, beta_1_power, beta_2_power = constants(variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=_slot(optimizer, "_momentums", variable),
            v=_slot(optimizer, "_velocities", variable),
            beta1_power=beta_1_power,
            beta2_power=beta_2_power,
            lr=learning_rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(optimizer.epsilon, variable.dtype),
            grad=gradient,
        )

    return update


def _momentum(optimizer: Any) -> Update:
    import tensorflow as tf

    def update(gradient: Any, variable: Any, learning_rate: Any) -> None:
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=_slot(optimizer, "momentums", variable),
            lr=learning_rate,
            grad=gradient,
            momentum=tf.constant(optimizer.momentum, variable.dtype),
            use_nesterov=optimizer.nesterov,
        )

    return update


def _gradient_descent() -> Update:
    import tensorflow as tf

    def update(gradient: Any, variable: Any, learning_rate: Any) -> None:
        tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=learning_rate, delta=gradient)

    return update


def _slot(optimizer: Any, slots: str, variable: Any) -> Any:
    """What an optimizer keeps of a variable, in a list of its own."""
    index = relied_on(optimizer, "_get_variable_index")(variable)
    return relied_on(optimizer, slots)[index].value.handle
