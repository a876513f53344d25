"""Whole channels that become 0 while the others learn to do without them, and go when training has ended.

H. Li et al., "Pruning filters for efficient convnets", 2017: the filters with the smallest norm go; the share
grows by the schedule of `pruning.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.compressing.pruning import Schedule, averages_of
from bigmodel_cli.modeling.channels import chains


class ChannelPruning:
    """Masks of the channels of a model's layers, which steps apply after the optimizer's update.

    Of each layer the same share of channels goes. Weights, bias and normalisation of a channel become 0, and
    with them all that it gives.

    Args:
        model: A built `keras.Model`; in its distribution's scope.
        schedule: When how much.

    Attributes:
        left: Why the channels of other layers stay, by their names.
    """

    def __init__(self, model: Any, schedule: Schedule) -> None:
        import keras

        self.schedule = schedule
        self._model = model
        found, self.left = chains(model)
        self._chains = {chain.maker.name: chain for chain in found}
        self._step = keras.Variable(0, trainable=False, dtype="int64", name="step")
        self._masks = {
            name: keras.Variable(
                keras.ops.ones(chain.maker.kernel.shape[-1:], "bool"),
                trainable=False,
                dtype="bool",
                name="mask",
            )
            for name, chain in self._chains.items()
        }

    @property
    def kernels(self) -> Mapping[str, Any]:
        """What is pruned, by the names of layers."""
        return {name: chain.maker.kernel for name, chain in self._chains.items()}

    def variables(self) -> dict[str, Any]:
        """The number of steps, and which channels are left, by name."""
        return {
            "channels/step": self._step,
            **{f"channels/{name}": mask for name, mask in self._masks.items()},
        }

    def after_update(self) -> None:
        """What follows on an optimizer's update, inside the graph and outside of any replica."""
        import tensorflow as tf

        self._step.assign(self._step + 1)
        step = tf.convert_to_tensor(self._step)
        is_due, share = self.schedule.is_due(step), self.schedule.share(step)
        for name, chain in self._chains.items():
            mask = tf.convert_to_tensor(self._masks[name])
            left = tf.where(is_due, _left(chain, mask, share), mask)
            self._masks[name].assign(left)
            for variable in (chain.maker.kernel, *chain.vectors):
                for one in (variable, *averages_of(self._model.optimizer, variable)):
                    values = tf.convert_to_tensor(one)
                    one.assign(tf.where(left, values, tf.zeros_like(values)))


def _left(chain: Any, mask: Any, share: Any) -> Any:
    """The channels that are left if a share of them goes: those with the largest norm."""
    import tensorflow as tf

    kernel = tf.cast(tf.convert_to_tensor(chain.maker.kernel), tf.float32)
    count = int(kernel.shape[-1])
    norms = tf.sqrt(tf.reduce_sum(tf.square(tf.reshape(kernel, [-1, count])), axis=0))
    for norm in chain.norms:
        norms *= tf.abs(tf.cast(tf.convert_to_tensor(norm.gamma), tf.float32))
    ranks = tf.argsort(tf.argsort(tf.where(mask, norms, -1.0), stable=True))
    gone = tf.minimum(tf.cast(tf.round(share * count), ranks.dtype), count - 1)
    return tf.logical_and(mask, ranks >= gone)
