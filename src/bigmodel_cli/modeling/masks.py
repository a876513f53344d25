"""Masks of tokens: which of a text's places hold one, in graphs that stay plain Keras."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# Calls a layer on tensors, and keeps which step of the config it belongs to.
Own = Callable[..., Any]
# Layers that take a mask, hand it on, and compute across places all the same.
_MIXING = frozenset({"GroupNormalization"})
# Layers that make one tensor of several, feature by feature.
_MERGING = frozenset({"Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"})
# What leaves padding out, in the place of layers that do not.
_INSTEAD = {
    "GlobalMaxPooling1D": "write masked_pooling: {mode: max}",
    "RMSNormalization": "write LayerNormalization",
    "GroupNormalization": "write LayerNormalization",
}
# What the name of an output's mask ends in; no target's does.
_MASK = "\0mask"


def mask_of(tensor: Any) -> Any | None:
    """The mask that a `keras.KerasTensor` carries: bool (batch, tokens); None where every place counts."""
    return getattr(tensor, "_keras_mask", None)


def with_mask(tensor: Any, mask: Any | None, own: Own) -> Any:
    """The tensor with zeros where no token is, and with its mask, which Keras's operations drop.

    `Masking` reads the mask from the zeros again: no Keras layer takes a mask and hands its input on. A
    token whose features are all exactly 0 would be taken for padding, so this belongs behind what adds or
    normalises, and before dropout.

    Args:
        tensor: A `keras.KerasTensor` (batch, tokens, features).
        mask: Bool (batch, tokens); None leaves the tensor as it is.
        own: Connects the layer.
    """
    import keras

    if mask is None:
        return tensor
    masked = own(keras.layers.Masking(), zeroed(tensor, mask))
    # Whoever asks for it while the graph is built gets the mask itself.
    masked._keras_mask = mask
    return masked


def without_mask(tensor: Any) -> Any:
    """The tensor as operations give it, for layers that warn of a mask which they do not hand on."""
    mask = mask_of(tensor)
    return tensor if mask is None else zeroed(tensor, mask)


def zeroed(tensor: Any, mask: Any, features: int = -1) -> Any:
    """The tensor with zeros where the mask (batch, tokens) is False; `features` is the axis that it lacks."""
    from keras import ops

    return ops.where(ops.expand_dims(mask, features), tensor, ops.zeros_like(tensor))


def places(tensor: Any) -> Any:
    """The numbers 0, 1, 2, … of a sequence's places, whatever its length: int32 (1, tokens).

    Args:
        tensor: A `keras.KerasTensor` (batch, tokens) or (batch, tokens, features).
    """
    from keras import ops

    one = tensor if len(tensor.shape) == 2 else tensor[:, :, 0]
    # Summed over the batch, so that their shape says that they belong to no example: `cut.py` goes by that.
    zeros = ops.zeros_like(ops.sum(one, axis=0, keepdims=True), dtype="int32")
    return ops.subtract(ops.cumsum(ops.add(zeros, 1), axis=1), 1)


def handing_on(tensor: Any, made: Any, weights: Any = None) -> Any:
    """What operations made of a tensor inside a graph, with the mask that it has and they drop.

    Where places have weights, these say which of them count: with a mask beside them, Keras's losses would
    divide by the share of these a second time.

    Args:
        tensor: What had the mask.
        made: Of it.
        weights: Of shape (batch, length, …); others, of whole examples, leave the mask as it is.
    """
    if weights is not None and weights.shape.rank > 1:
        import tensorflow as tf

        return tf.identity(made)
    mask = mask_of(tensor)
    if mask is not None and made is not tensor:
        made._keras_mask = mask
    return made


def counting(tensor: Any, mask: Any | None) -> Any:
    """A tensor inside a graph of which some places count; None leaves the mask that it has."""
    if mask is not None:
        tensor._keras_mask = mask
    return tensor


def with_masks_beside(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """A model's outputs, and their masks as tensors of their own: compiled functions hand on nothing else."""
    masks = {f"{name}{_MASK}": mask for name, one in outputs.items() if (mask := mask_of(one)) is not None}
    return {**outputs, **masks}


def with_masks(beside: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs again, each with its mask."""
    outputs = {name: one for name, one in beside.items() if not name.endswith(_MASK)}
    for name, one in outputs.items():
        if (mask := beside.get(f"{name}{_MASK}")) is not None:
            one._keras_mask = mask
    return outputs


def heeding_no_mask(layer: Any, tensor: Any) -> str | None:
    """How a layer fails to leave padding out, as the end of a sentence; None where it does not fail."""
    arrived = tensor if isinstance(tensor, list | tuple) else [tensor]
    if all(mask_of(one) is None for one in arrived):
        return None
    name = type(layer).__name__
    if layer.supports_masking and name not in _MIXING:
        return None
    advice = _INSTEAD.get(name, "leave mask_zero out where that is meant")
    return f"takes padding for tokens, as does what follows, since Keras hands no mask on there: {advice}"


@contextmanager
def without_mask_warnings() -> Iterator[None]:
    """Keras says of each layer by itself that it drops a mask, without its place in the config."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"[\s\S]*does not support masking")
        yield


def masked_alike(layer: Any, tensor: Any, own: Own) -> Any:
    """What a merging layer is called with, so that padding of one of its tensors is padding of what it gives.

    Keras takes a tensor without a mask for one whose places all count: `Concatenate` then hands on that all
    do, the others hand on nothing.

    Args:
        layer: Any layer.
        tensor: What arrives.
        own: Connects a layer.
    """
    from keras import ops

    if type(layer).__name__ not in _MERGING or not isinstance(tensor, list):
        return tensor
    known = [mask for one in tensor if (mask := mask_of(one)) is not None]
    ranks = {len(one.shape) for one in tensor}
    is_by_feature = ranks == {3} and getattr(layer, "axis", -1) in (-1, 2)
    if not known or len(known) == len(tensor) or not is_by_feature:
        return tensor
    mask = known[0]
    for other in known[1:]:
        mask = ops.logical_or(mask, other)
    return [with_mask(one, mask, own) if mask_of(one) is None else one for one in tensor]


def averaging(layer: Any, tensor: Any) -> tuple[Any, dict[str, Any]]:
    """What a `GlobalAveragePooling1D` is called with, so that a text without tokens gives zeros.

    The layer divides by the number of tokens, and 0 / 0 would make every weight NaN in the step after. So
    it is told to average over all places of such a text, which hold zeros; of other texts no digit changes.

    Returns:
        The tensor, and further arguments of the call.
    """
    from keras import ops

    mask = mask_of(tensor)
    if mask is None:
        return tensor, {}
    counted = ops.logical_or(mask, ops.logical_not(ops.any(mask, axis=1, keepdims=True)))
    features = 2 if layer.data_format == "channels_last" else 1
    return zeroed(tensor, mask, features), {"mask": counted}
