"""Weights that become 0 while the others learn to do without them.

M. Zhu, S. Gupta, "To prune, or not to prune: exploring the efficacy of pruning for model compression", 2017:
the share of zeros grows quickly at first, when there is much to spare, and slowly in the end. Which weights
go: J. Lee et al., "Layer-adaptive sparsity for the magnitude-based pruning", 2021.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import prod
from typing import Any

from bigmodel_cli.modeling.relied_on import relied_on

# Sorting a kernel takes as long as some steps, and between two of so many changes little happens.
MOST_CHANGES = 100
# A depthwise kernel is small, and all that there is of its channel.
_SPARED = "depthwise_kernel"


@dataclass(frozen=True)
class Schedule:
    """How the share of zeros grows over the steps of a run.

    Attributes:
        sparsity: The share of all kernels' weights in the end.
        first: The step, from 1, after which it begins to grow from 0.
        last: The step after which it is reached.
    """

    sparsity: float
    first: int
    last: int

    @classmethod
    def over(cls, sparsity: float, epochs: tuple[int, int], steps_per_epoch: int) -> Schedule:
        """From the beginning of one epoch to that of another, both counted from 1."""
        first, last = (max(1, (epoch - 1) * steps_per_epoch) for epoch in epochs)
        return cls(sparsity, first, last)

    @property
    def every(self) -> int:
        """So many steps lie between two changes."""
        return max(1, -(-(self.last - self.first) // MOST_CHANGES))

    def is_due(self, step: Any) -> Any:
        """Whether zeros become more after a step, inside the graph."""
        import tensorflow as tf

        inside = tf.logical_and(step >= self.first, step <= self.last)
        at_turn = tf.equal((step - self.first) % self.every, 0)
        return tf.logical_and(inside, tf.logical_or(at_turn, tf.equal(step, self.last)))

    def share(self, step: Any) -> Any:
        """The share of zeros after a step, inside the graph: equation 1 of the paper."""
        import tensorflow as tf

        length = max(1, self.last - self.first)
        left = tf.cast(self.last - step, tf.float64) / length
        return self.sparsity * (1 - left**3)


class Pruning:
    """The masks of a model's kernels, which steps apply after the optimizer's update.

    A weight that has become 0 stays 0. The share is that of all kernels together: of large ones more goes.

    Args:
        model: A built `keras.Model`, whose kernels that learn are pruned; in its distribution's scope.
        schedule: When how much.
    """

    def __init__(self, model: Any, schedule: Schedule) -> None:
        import keras

        self.schedule = schedule
        self._model = model
        self._kernels = dict(kernels_of(model))
        self._step = keras.Variable(0, trainable=False, dtype="int64", name="step")
        self._masks = {
            name: keras.Variable(
                keras.ops.ones(kernel.shape, "bool"), trainable=False, dtype="bool", name="mask"
            )
            for name, kernel in self._kernels.items()
        }

    @property
    def kernels(self) -> Mapping[str, Any]:
        """What is pruned, by name."""
        return self._kernels

    def variables(self) -> dict[str, Any]:
        """The number of steps, and which weights are left, by name."""
        return {"prune/step": self._step, **{f"prune/{name}": mask for name, mask in self._masks.items()}}

    def after_update(self) -> None:
        """What follows on an optimizer's update, inside the graph and outside of any replica."""
        import tensorflow as tf

        self._step.assign(self._step + 1)
        step = tf.convert_to_tensor(self._step)
        is_due, share = self.schedule.is_due(step), self.schedule.share(step)
        masks = [tf.convert_to_tensor(mask) for mask in self._masks.values()]
        kernels = [tf.convert_to_tensor(kernel) for kernel in self._kernels.values()]
        left = tf.cond(is_due, lambda: _left(kernels, masks, share), lambda: masks)
        for (name, kernel), of_one in zip(self._kernels.items(), left, strict=True):
            self._masks[name].assign(of_one)
            for variable in (kernel, *averages_of(self._model.optimizer, kernel)):
                values = tf.convert_to_tensor(variable)
                variable.assign(tf.where(of_one, values, tf.zeros_like(values)))


def averages_of(optimizer: Any, variable: Any) -> list[Any]:
    """The average that an optimizer keeps of a variable, if any: what is validated and saved in its place."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not optimizer.use_ema:
        return []
    index = relied_on(optimizer, "_get_variable_index")(variable)
    return [relied_on(optimizer, "_model_variables_moving_average")[index]]


def kernels_of(model: Any) -> Iterator[tuple[str, Any]]:
    """What can be pruned: kernels that learn, by names that tell them apart."""
    seen: set[str] = set()
    for variable in model.trainable_variables:
        if variable.name.endswith("kernel") and len(variable.shape) > 1 and variable.name != _SPARED:
            names = (variable.path if number == 1 else f"{variable.path}_{number}" for number in count(1))
            name = next(one for one in names if one not in seen)
            seen.add(name)
            yield name, variable


def _left(kernels: Sequence[Any], masks: Sequence[Any], share: Any) -> list[Any]:
    """Where those weights of all kernels stand that are left if a share of them becomes 0."""
    import tensorflow as tf

    scores = tf.concat([_scores(kernel, mask) for kernel, mask in zip(kernels, masks, strict=True)], 0)
    ranks = tf.argsort(tf.argsort(scores, stable=True))
    gone = tf.cast(tf.round(share * int(scores.shape[0])), ranks.dtype)
    parts = tf.split(ranks >= gone, [prod(mask.shape) for mask in masks])
    return [
        tf.logical_and(mask, tf.reshape(part, mask.shape)) for part, mask in zip(parts, masks, strict=True)
    ]


def _scores(kernel: Any, mask: Any) -> Any:
    """What a kernel would lose with each weight: its square beside those that are as large or larger.

    The largest has 1, so that something is left of each kernel; what is 0 by the mask comes first of all.
    """
    import tensorflow as tf

    squares = tf.reshape(tf.square(tf.cast(kernel, tf.float32)), [-1])
    order = tf.argsort(squares, stable=True)
    ascending = tf.gather(squares, order)
    above = tf.cumsum(ascending, reverse=True)
    scores = tf.gather(tf.math.divide_no_nan(ascending, above), tf.argsort(order))
    return tf.where(tf.reshape(mask, [-1]), scores, -1.0)
