"""Whole channels of a model: which can go, and the smaller model without those that give nothing but 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.modeling.cut import Step, model_from, traced

_MAKERS = ("Conv1D", "Conv2D", "Dense")
# What computes each channel by itself and gives 0 for 0, or puts places of channels beside each other.
_PASSING = frozenset(
    {
        "Activation",
        "AveragePooling1D",
        "AveragePooling2D",
        "Dropout",
        "ELU",
        "Flatten",
        "GaussianDropout",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "GlobalMaxPooling1D",
        "GlobalMaxPooling2D",
        "LeakyReLU",
        "MaxPooling1D",
        "MaxPooling2D",
        "ReLU",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "ZeroPadding1D",
        "ZeroPadding2D",
    }
)
# Activations that give 0 for 0.
_ZERO = frozenset(
    {
        "elu",
        "gelu",
        "leaky_relu",
        "linear",
        "mish",
        "relu",
        "relu6",
        "selu",
        "silu",
        "softsign",
        "swish",
        "tanh",
    }
)
_NORM = "BatchNormalization"


@dataclass(frozen=True, eq=False)
class Chain:
    """A layer with what its channels go through, up to the layer that takes them.

    Attributes:
        maker: Gives the channels: a convolution or a Dense layer.
        between: Layers behind it, in order.
        taker: Takes them: likewise.
    """

    maker: Any
    between: Sequence[Any]
    taker: Any

    @property
    def norms(self) -> list[Any]:
        """The batch normalisations among the layers between."""
        return [layer for layer in self.between if type(layer).__name__ == _NORM]

    @property
    def vectors(self) -> list[Any]:
        """Variables beside the kernel with a number for each channel, which are 0 where that is to give 0."""
        found = [self.maker.bias] if self.maker.use_bias else []
        for norm in self.norms:
            found += [variable for variable in (norm.gamma, norm.beta) if variable is not None]
        return found


def chains(model: Any) -> tuple[list[Chain], dict[str, str]]:
    """The layers whose channels can go, and why those of others cannot, by their names.

    Args:
        model: A functional `keras.Model`; what is inside a model inside of it stays.
    """
    copy, steps = traced(model)
    takers: dict[int, list[Step]] = {}
    for step in steps:
        for tensor in step.inputs:
            takers.setdefault(id(tensor), []).append(step)
    outputs = {id(tensor) for tensor in copy.outputs}
    calls = [id(step.operation) for step in steps]
    found, left = [], {}
    for step in steps:
        layer = step.operation
        if type(layer).__name__ in _MAKERS:
            chain = _followed(step, takers, outputs, calls)
            if isinstance(chain, Chain):
                chain = _why_not(layer) or chain
            if isinstance(chain, str):
                left[layer.name] = chain
            else:
                found.append(chain)
    return found, left


def _why_not(layer: Any) -> str | None:
    if not layer.trainable:
        return "it is frozen"
    return None if _gives_zero(layer) else "its activation does not give 0 for 0"


def _followed(
    start: Step, takers: Mapping[int, Sequence[Step]], outputs: set[int], calls: Sequence[int]
) -> Chain | str:
    """Follow the channels of a layer to the one that takes them."""
    maker, between, step = start.operation, list[Any](), start
    while True:
        (tensor,) = step.outputs
        behind = takers.get(id(tensor), ())
        if id(tensor) in outputs or not behind:
            return "it gives an output of the model"
        if len(behind) > 1 or calls.count(id(step.operation)) > 1:
            return "several layers take its channels"
        (step,) = behind
        layer, kind = step.operation, type(step.operation).__name__
        if kind in _MAKERS and calls.count(id(layer)) == 1:
            is_grouped = getattr(layer, "groups", 1) > 1
            is_spread = kind == "Dense" and len(tensor.shape) > 2 and _is_flat(maker)
            return "its channels go into groups" if is_grouped or is_spread else Chain(maker, between, layer)
        if not _passes(layer, kind):
            return f"its channels go through {getattr(layer, 'name', kind)}"
        between.append(layer)


def _is_flat(maker: Any) -> bool:
    return type(maker).__name__ == "Dense" and len(maker.input.shape) == 2


def _passes(layer: Any, kind: str) -> bool:
    if kind == _NORM:
        is_last = layer.axis in (-1, len(layer.input.shape) - 1)
        return bool(is_last and layer.scale)
    return kind in _PASSING and _gives_zero(layer) and getattr(layer, "data_format", "") != "channels_first"


def _gives_zero(layer: Any) -> bool:
    activation = getattr(layer, "activation", None)
    name = "linear" if activation is None else getattr(activation, "__name__", "")
    return name in _ZERO and getattr(layer, "data_format", "channels_last") != "channels_first"


def without_dead_channels(model: Any) -> Any:
    """The same model without channels that give 0 whatever goes in; itself where there is none.

    Layers keep their names; those that become smaller, and those behind them, are new ones.
    """
    kept = {id(chain.maker): chain for chain in chains(model)[0]}
    alive = {key: _alive(chain) for key, chain in kept.items()}
    smaller = {key: places for key, places in alive.items() if len(places) < _width(kept[key].maker)}
    if not smaller:
        return model
    taken = {id(kept[key].taker): (kept[key], places) for key, places in smaller.items()}
    passed = {id(layer): places for key, places in smaller.items() for layer in kept[key].between}

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        key = id(operation)
        if key not in smaller and key not in taken and key not in passed:
            return operation(*arguments, **options)
        if key in passed:
            weights = [weight[passed[key]] for weight in operation.get_weights() if weight.ndim == 1]
            return _remade(operation, weights, {}, arguments, options)
        kernel, *bias = _numbers(operation)
        if key in taken:
            kernel = np.take(kernel, _places_taken(*taken[key], kernel.shape[-2]), axis=-2)
        changes = {}
        if key in smaller:
            own = smaller[key]
            kernel, bias = kernel[..., own], [one[own] for one in bias]
            changes = {"units" if type(operation).__name__ == "Dense" else "filters": len(own)}
        return _remade(operation, [kernel, *bias], changes, arguments, options)

    import keras

    plain = model_from(model.input, model.output)
    copy = keras.models.clone_model(plain, clone_function=lambda layer: layer, call_function=call)
    return model_from(copy.input, copy.output, model.name)


def _remade(
    layer: Any, weights: Sequence[np.ndarray], changes: Mapping[str, Any], arguments: Any, options: Any
) -> Any:
    made = type(layer).from_config({**layer.get_config(), **changes})
    outputs = made(*arguments, **options)
    if weights:
        made.set_weights(weights)
    return outputs


def _numbers(layer: Any) -> list[np.ndarray]:
    return [np.asarray(layer.kernel), *([np.asarray(layer.bias)] if layer.use_bias else [])]


def _width(layer: Any) -> int:
    return int(layer.kernel.shape[-1])


def _alive(chain: Chain) -> Any:
    """The channels of a layer that may give something, at least one, as int64 places."""
    kernel = np.asarray(chain.maker.kernel)
    gives = np.abs(kernel).reshape(-1, kernel.shape[-1]).any(axis=0)
    for vector in chain.vectors:
        gives |= np.asarray(vector) != 0
    return np.flatnonzero(gives) if gives.any() else np.zeros(1, np.int64)


def _places_taken(chain: Chain, places: Any, size: int) -> Any:
    """Where the taker's kernel has what comes of some channels, as int64, place after place."""
    width = _width(chain.maker)
    return (np.arange(size // width)[:, None] * width + places).reshape(-1)
