"""A model built anew from its own layers: on other inputs, without its last activation, with a tap inside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bigmodel_cli.config.reading import Activation
from bigmodel_cli.modeling.relied_on import relied_on

# Activations that flatten the score of a class once it is sure.
SATURATING: tuple[Activation, ...] = ("softmax", "sigmoid")


def layers_in_order(model: Any) -> Iterator[Any]:
    """Every layer from the input to the output; those of a model inside the model in its place.

    Bare operations count as layers: the sums of ConvNeXt's blocks are such.
    """
    import keras

    for operation in model.operations:
        if isinstance(operation, keras.Function):
            yield from layers_in_order(operation)
        else:
            yield operation


def followers(layer: Any) -> list[Any]:
    """The operations that take what a layer gives, of every model that it is part of."""
    return [node.operation for node in relied_on(layer, "_outbound_nodes")]


def final_activation(model: Any) -> tuple[Any, Activation | None]:
    """The layer that gives a model's output, and its activation where that is one of `SATURATING`."""
    import keras

    for operation in reversed(model.operations):
        if isinstance(operation, keras.Function):
            return final_activation(operation)
        # A model of half precision ends in an activation that does nothing but return to float32.
        if not (
            isinstance(operation, keras.layers.Activation)
            and operation.activation is keras.activations.linear
        ):
            return operation, _activation(operation)
    return None, None


def _activation(layer: Any) -> Activation | None:
    import keras

    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    if isinstance(layer, keras.layers.Dense | keras.layers.EinsumDense | keras.layers.Activation):
        return next(
            (name for name in SATURATING if layer.activation is getattr(keras.activations, name)), None
        )
    return None


def rebuild(model: Any, *, inputs: Any = None, bare: Any = None, tapped: Any = None) -> Any:
    """The same layers with the same weights as another functional model.

    Args:
        model: A functional `keras.Model`; models may be layers of it.
        inputs: Where it begins instead of at its own inputs.
        bare: A layer, however deep inside, to go without its activation.
        tapped: A layer, however deep inside, whose output is a second output.
    """
    import keras

    taps: list[Any] = []

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        if operation is bare:
            outputs = _without_activation(operation, *arguments)
        elif isinstance(operation, keras.Function) and any(_holds(operation, one) for one in (bare, tapped)):
            outputs = rebuild(operation, bare=bare, tapped=tapped)(*arguments, **options)
            if _holds(operation, tapped):
                outputs, tap = outputs
                taps.append(tap)
        else:
            outputs = operation(*arguments, **options)
        if operation is tapped:
            taps.append(outputs)
        return outputs

    copy = keras.models.clone_model(
        model, input_tensors=inputs, clone_function=lambda layer: layer, call_function=call
    )
    return keras.Model(copy.input, [copy.outputs[0], taps[-1]]) if taps else copy


def _holds(model: Any, layer: Any) -> bool:
    return layer is not None and any(layer is inner for inner in layers_in_order(model))


def _without_activation(layer: Any, tensor: Any) -> Any:
    import keras

    if isinstance(layer, keras.layers.Softmax | keras.layers.Activation):
        return tensor
    copy = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    outputs = copy(tensor)
    copy.set_weights(layer.get_weights())
    return outputs
