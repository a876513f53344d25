"""Which layer Grad-CAM looks at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.surgery import layers_in_order

_CONVOLUTIONS = ("Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D")
OTHER_METHODS = "use --method integrated-gradients or --method occlusion"


@dataclass(frozen=True)
class FeatureMap:
    """A layer whose output has a place for every part of the image.

    Attributes:
        layer: The Keras layer.
        size: (height, width) of its output.
        is_convolution: Whether it is one.
    """

    layer: Any
    size: tuple[int, int]
    is_convolution: bool


def feature_maps(model: Any) -> Iterator[FeatureMap]:
    """The layers with an output of shape (n, height, width, channels), in order.

    Prepared pixels, before anything was learned, are no features; a map of one single place shows nothing.
    """
    import keras

    convolutions = tuple(getattr(keras.layers, name) for name in _CONVOLUTIONS)
    is_learned = False
    for layer in layers_in_order(model):
        is_learned = is_learned or _is_learned(layer)
        shape: tuple[Any, ...] = tuple(getattr(layer.output, "shape", ()))
        if not is_learned or len(shape) != 4 or None in shape[1:3] or shape[1] * shape[2] == 1:
            continue
        yield FeatureMap(layer, (shape[1], shape[2]), isinstance(layer, convolutions))


def _is_learned(layer: Any) -> bool:
    import keras

    return bool(getattr(layer, "weights", ())) and not isinstance(layer, keras.layers.Normalization)


def last_feature_map(model: Any) -> Any | None:
    """The layer that closes the last convolution; the last feature map where there is no convolution at all.

    What follows at the convolution's size belongs to it: normalisation and activation, without which its
    values have no meaningful zero, and the sum with the shortcut of a residual block, which would be
    missed otherwise. For MobileNetV2 this is `out_relu`, two layers behind `Conv_1`.
    """
    found = list(feature_maps(model))
    convolutions = [number for number, one in enumerate(found) if one.is_convolution]
    if not convolutions:
        return found[-1].layer if found else None
    behind = found[convolutions[-1] :]
    return [one for one in behind if one.size == behind[0].size][-1].layer


def is_flattened(model: Any, layer: Any) -> bool:
    """Whether a layer behind this one takes a map apart by places, over all of which Grad-CAM averages."""
    import keras

    behind = list(layers_in_order(model))
    behind = behind[behind.index(layer) + 1 :]
    return any(
        isinstance(one, keras.layers.Flatten) and len(one.input.shape) == 4 and one.input.shape[1:3] != (1, 1)
        for one in behind
    )


def named_feature_map(model: Any, name: str) -> Any:
    """The feature map that a user names.

    Raises:
        UsageError: If there is none of that name.
    """
    found = {one.layer.name: one.layer for one in feature_maps(model)}
    if name in found:
        return found[name]
    if not found:
        raise no_feature_map(f"--layer {name}")
    is_other = any(layer.name == name for layer in layers_in_order(model))
    problem = "its output is no map of features" if is_other else "the model has no such layer"
    near = closest(name, found)
    known = f"layers with a map, the last ones first: {some(reversed(found))}"
    raise UsageError(f"--layer {name}: {problem}", hint=f"did you mean {near}?" if near else known)


def no_feature_map(option: str) -> UsageError:
    """The error where Grad-CAM is asked for and the model has nothing for it."""
    return UsageError(
        f"{option}: Grad-CAM looks at the last convolution, and this model has none", hint=OTHER_METHODS
    )
