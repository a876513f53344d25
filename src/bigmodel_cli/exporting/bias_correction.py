"""Biases that make up for what rounding kernels to 8 bits changes on average.

M. Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019, section 4.2:
rounding a kernel by E moves what a layer gives by E · mean(inputs), which is taken off its bias. Means are
those of training examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any

import numpy as np

from bigmodel_cli.exporting.format import Named
from bigmodel_cli.modeling.cut import leaves
from bigmodel_cli.modeling.relied_on import replaced
from bigmodel_cli.modeling.surgery import followers

_KERNELS = frozenset({"Conv1D", "Conv2D", "Dense", "DepthwiseConv2D"})
# Means of inputs are known well from so many.
_EXAMPLES = 100
_LARGEST = 127


@contextmanager
def corrected(model: Any, examples: Callable[[], Iterator[Named]]) -> Iterator[None]:
    """Inside, biases are those for kernels of 8 bits, each output channel with its own scale.

    Args:
        model: A functional `keras.Model` of float32.
        examples: Gives training examples one after the other, as it takes them.
    """
    owners = {layer: owner for layer in leaves(model) if (owner := _with_bias(layer)) is not None}
    means = _means(model, list(owners), examples)
    before = [(owner.bias, owner.bias.numpy()) for owner in owners.values()]
    try:
        for layer, owner in owners.items():
            if layer in means:
                owner.bias.assign(owner.bias.numpy() - _moved(layer, owner.scale, means[layer]))
        yield
    finally:
        for variable, value in before:
            variable.assign(value)


class _Bias:
    """What is added to the outputs of a layer, and what its kernel is multiplied by before it is rounded.

    Args:
        bias: A `keras.Variable` of shape (outputs,).
        scale: Of the same shape; None: it is rounded as it is.
    """

    def __init__(self, bias: Any, scale: np.ndarray | None = None) -> None:
        self.bias = bias
        self.scale = scale


def _with_bias(layer: Any) -> _Bias | None:
    """Where a layer's outputs are moved: in batch normalisation, which becomes part of it, or its bias."""
    if type(layer).__name__ not in _KERNELS or getattr(layer, "groups", 1) != 1:
        return None
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return None
    behind = followers(layer)
    names = {type(one).__name__ for one in behind}
    if names == {"BatchNormalization"} and len({id(one) for one in behind}) == 1 and _is_linear(layer):
        norm = behind[0]
        if not norm.center or norm.axis not in (-1, len(layer.output.shape) - 1):
            return None
        gamma = norm.gamma.numpy() if norm.scale else 1.0
        return _Bias(norm.beta, gamma / np.sqrt(norm.moving_variance.numpy() + norm.epsilon))
    return _Bias(layer.bias) if layer.use_bias else None


def _is_linear(layer: Any) -> bool:
    return getattr(layer.activation, "__name__", None) == "linear"


def _means(model: Any, layers: list[Any], examples: Callable[[], Iterator[Named]]) -> dict[Any, np.ndarray]:
    """What layers are given on average, by channel, float64 of shape (channels,)."""
    sums: dict[Any, np.ndarray] = {}
    counts: dict[Any, int] = {}

    def recording(layer: Any, plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(given: Any, *arguments: Any, **options: Any) -> Any:
            values = np.asarray(given, np.float64).reshape(-1, given.shape[-1])
            sums[layer] = sums.get(layer, 0.0) + values.sum(axis=0)
            counts[layer] = counts.get(layer, 0) + len(values)
            return plain(given, *arguments, **options)

        return call

    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(replaced(layer, "call", recording(layer, layer.call)))
        for features in islice(examples(), _EXAMPLES):
            model(dict(features), training=False)
    return {layer: total / counts[layer] for layer, total in sums.items()}


def _moved(layer: Any, scale: np.ndarray | None, means: np.ndarray) -> np.ndarray:
    """How far rounding its kernel moves the mean of each output of a layer."""
    is_depthwise = type(layer).__name__ == "DepthwiseConv2D"
    kernel = layer.kernel.numpy().astype(np.float64)
    # (places, inputs, outputs); a depthwise kernel has outputs of its own for each input.
    flat = kernel.reshape(-1, *kernel.shape[-2:])
    if scale is not None:
        flat = flat * scale.reshape(flat.shape[1:] if is_depthwise else (-1,))
    largest = np.abs(flat).max(axis=0 if is_depthwise else (0, 1), keepdims=True)
    step = np.where(largest > 0, largest, 1) / _LARGEST
    error = (np.round(flat / step) * step - flat).sum(axis=0)
    moved = error * means[:, None]
    return np.asarray(moved.reshape(-1) if is_depthwise else moved.sum(axis=0))
