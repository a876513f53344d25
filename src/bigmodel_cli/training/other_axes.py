"""Kernels of PyTorch, whose axes stand in another order than Keras's.

`torch.nn.Linear` has (out, in) where `Dense` has (in, out), `Conv2d` (out, in, height, width) where `Conv2D`
has (height, width, in, out), `ConvTranspose2d` (in, out, height, width) where `Conv2DTranspose` has (height,
width, out, in): each is the other one read from the spatial axes on, with the first two exchanged. Kernels by
depth are (in × multiplier, 1, height, width), and (height, width, in, multiplier) in Keras. What is flattened
has channels first there, so that the rows of a `Dense` layer behind it stand in another order, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.modeling.relied_on import relied_on
from bigmodel_cli.training.by_name import base_weights

Shape = tuple[int, ...]


def turned_shape(shape: Sequence[int]) -> Shape:
    """The shape that a kernel of PyTorch has in Keras's order of axes; other shapes as they are."""
    if len(shape) < 2:
        return tuple(shape)
    return (*shape[2:], shape[1], shape[0])


def are_turned(layers: Iterable[Any], shapes: Iterable[Shape]) -> bool:
    """Whether the weights of a file stand in PyTorch's order of axes, as far as shapes tell.

    Args:
        layers: Of the model that is to get them.
        shapes: Of all weights in the file that are called as PyTorch calls kernels.

    Returns:
        Whether more of them fit some kernel of the model in that order alone than in Keras's alone. Of square
        ones nothing is known: then they stand as a file of PyTorch has them.
    """
    kernels = {tuple(weight.shape) for layer in layers for weight in base_weights(layer) if is_kernel(weight)}
    kernels |= {_depthwise(shape) for shape in kernels}
    as_they_are = turned = 0
    for shape in shapes:
        fits, fits_turned = shape in kernels, turned_shape(shape) in kernels
        as_they_are += fits and not fits_turned
        turned += fits_turned and not fits
    return turned >= as_they_are


def _depthwise(shape: Shape) -> Shape:
    """What a depthwise kernel of PyTorch becomes when its axes are turned: (height, width, 1, channels)."""
    return (*shape[:-2], 1, shape[-2] * shape[-1]) if len(shape) > 2 else shape


def sizes_of(layer: Any) -> list[list[int]]:
    """The sizes of the axes of a layer's weights as PyTorch has them, whatever their order."""
    shapes = [
        (is_kernel(weight) and _is_depthwise(layer, weight), tuple(weight.shape))
        for weight in base_weights(layer)
    ]
    return [sorted(_depthwise(shape) if is_one else shape) for is_one, shape in shapes]


def _is_depthwise(layer: Any, weight: Any) -> bool:
    return weight.name == "depthwise_kernel" or type(layer).__name__.startswith("Depthwise")


def is_kernel(weight: Any) -> bool:
    """Whether a weight of Keras has axes for what goes in and what comes out."""
    return weight.name.endswith("kernel") and len(weight.shape) > 1


def turned(value: np.ndarray, layer: Any, weight: Any) -> np.ndarray | None:
    """A kernel of PyTorch as a layer's weight; None where it does not fit.

    Args:
        value: The kernel.
        layer: Of Keras; it may say from what its input was flattened.
        weight: The layer's own.
    """
    wanted = tuple(weight.shape)
    if _is_depthwise(layer, weight):
        return _turned_depthwise(value, wanted)
    if value.ndim < 2 or turned_shape(value.shape) != wanted:
        return None
    before = _flattened(layer.input) if value.ndim == 2 else ()
    if before is None:
        return None
    if before:
        # From (out, channels, height, width) to (height, width, channels, out).
        *sides, channels = before
        maps = value.reshape(len(value), channels, *sides)
        return _first_two_last(maps).reshape(wanted)
    return _first_two_last(value)


def _first_two_last(value: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(value.transpose((*range(2, value.ndim), 1, 0)))


def _turned_depthwise(value: np.ndarray, wanted: Shape) -> np.ndarray | None:
    *sides, channels, multiplier = wanted
    if value.shape != (channels * multiplier, 1, *sides):
        return None
    split = value.reshape(channels, multiplier, *sides)
    return np.ascontiguousarray(split.transpose((*range(2, split.ndim), 0, 1)))


def turned_vector(value: np.ndarray, layer: Any, weight: Any) -> np.ndarray | None:
    """A number for each of a layer's inputs, as normalisation has them, in Keras's order.

    Returns:
        None where it does not fit, or nobody knows the order.
    """
    if value.shape != tuple(weight.shape):
        return None
    if value.ndim != 1 or not _keeps_places(layer):
        return value
    before = _flattened(layer.input)
    if not before:
        return None if before is None else value
    *sides, channels = before
    return np.ascontiguousarray(np.moveaxis(value.reshape(channels, *sides), 0, -1)).reshape(-1)


def _flattened(tensor: Any) -> Shape | None:
    """The shape (…, channels) that a tensor was flattened from; () where it was not, None: nobody knows."""
    if isinstance(tensor, list | tuple | dict):
        tensors = tensor.values() if isinstance(tensor, dict) else tensor
        return None if any(_flattened(one) != () for one in tensors) else ()
    operation = relied_on(tensor, "_keras_history").operation
    name = type(operation).__name__
    if name == "Flatten" or (name == "Reshape" and len(tensor.shape) == 2):
        shape = tuple(operation.input.shape[1:])
        if len(shape) < 2:
            return _flattened(operation.input)
        if len(shape) == 2 and _is_raw(operation.input):
            # Rows and columns of an array, none of which is for channels.
            return ()
        return None if None in shape else shape
    if name == "InputLayer":
        return ()
    if isinstance(operation.input, list | tuple | dict):
        return _flattened(operation.input) if len(tensor.shape) == 2 else ()
    return _flattened(operation.input) if _keeps_places(operation) else ()


def _is_raw(tensor: Any) -> bool:
    """Whether a tensor is what the model is given, as far as axes go."""
    while not isinstance(tensor, list | tuple | dict):
        operation = relied_on(tensor, "_keras_history").operation
        if type(operation).__name__ == "InputLayer":
            return True
        if any(map(is_kernel, getattr(operation, "weights", ()))):
            return False
        tensor = operation.input
    return False


def _keeps_places(operation: Any) -> bool:
    """Whether an operation hands on vectors place by place."""
    given, made = operation.input, operation.output
    if isinstance(given, list | tuple | dict) or isinstance(made, list | tuple | dict):
        return False
    is_vector = len(given.shape) == 2 and tuple(given.shape) == tuple(made.shape)
    return is_vector and not any(map(is_kernel, getattr(operation, "weights", ())))
