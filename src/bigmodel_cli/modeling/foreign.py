"""A model that another program saved: looked at before Keras opens it, and taken apart into its layers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.ancestors import operations_before
from bigmodel_cli.modeling.backend import is_out_of_memory
from bigmodel_cli.modeling.cut import model_from
from bigmodel_cli.modeling.keras_archive import check_document
from bigmodel_cli.modeling.model_files import H5, require_file
from bigmodel_cli.modeling.port import Port
from bigmodel_cli.modeling.relied_on import relied_on
from bigmodel_cli.modeling.surgery import final_activation, layers_in_order

# What makes other numbers of pixels before the first weights see them.
_SCALING = frozenset(
    {"BatchNormalization", "Divide", "LayerNormalization", "Multiply", "Normalization", "Rescaling"}
)


@dataclass(frozen=True)
class Output:
    """Something that a model gives.

    Attributes:
        port: What it is.
        activation: What its last layer makes of its numbers: `softmax`, `sigmoid` or `linear`.
    """

    port: Port
    activation: str

    @property
    def described(self) -> str:
        """For people."""
        made = "logits or numbers" if self.activation == "linear" else self.activation
        return f"{self.port}, {made}"


@dataclass(frozen=True)
class Described:
    """What a model is seen to be from its file alone.

    Attributes:
        inputs: In its order.
        outputs: Likewise.
        scales: Whether something stands before its first weights that makes other numbers of pixels.
        parameters: How many it has.
    """

    inputs: Sequence[Port]
    outputs: Sequence[Output]
    scales: bool
    parameters: int


def load_foreign(path: Path) -> Any:
    """A model from a file of unknown origin, as a functional `keras.Model` that is not compiled.

    Args:
        path: A `.keras` file, or an `.h5` file with a whole model.

    Returns:
        Its outputs are by name: those of the file, or of the layers that give them.

    Raises:
        DataError: If it is damaged, or holds code or classes that are not Keras's.
    """
    _check(path)
    import keras

    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path}: Keras {keras.__version__} cannot load it: {reason[:400]}") from error
    if not isinstance(model, keras.Sequential | keras.Function):
        raise DataError(
            f"{path}: expected a model of layers (Sequential or functional), found a {type(model).__name__}",
            hint="build it as keras.Model(inputs, outputs) around the same layers",
        )
    if not getattr(model, "inputs", None):
        raise DataError(
            f"{path}: the model was never built, so that nobody knows what it takes",
            hint="give it a keras.Input(shape) first, train it, and save it again",
        )
    return model_from(list(model.inputs), _by_name(model), model.name)


def _by_name(model: Any) -> dict[str, Any]:
    """The tensors that a model gives, each by a name of its own."""
    structure = getattr(model, "output", None)
    if isinstance(structure, Mapping) and all(hasattr(one, "shape") for one in structure.values()):
        return {str(name): structure[name] for name in structure}
    found: dict[str, Any] = {}
    for tensor in model.outputs:
        called = relied_on(tensor, "_keras_history").operation.name
        name, number = called, 1
        while name in found:
            number += 1
            name = f"{called}_{number}"
        found[name] = tensor
    return found


def _check(path: Path) -> None:
    """Raises:
    DataError: If Keras may not be given the file.
    """
    require_file(path)
    if path.suffix.lower() not in H5:
        return
    import h5py

    try:
        with h5py.File(path) as file:
            config = file.attrs.get("model_config")
            document = None if config is None else json.loads(config)
    except (OSError, ValueError, RecursionError, RuntimeError, KeyError) as error:
        raise DataError(f"{path}: damaged, or not an .h5 file: {error}") from error
    if not isinstance(document, Mapping):
        raise DataError(
            f"{path}: weights alone, and no model",
            hint="start from them: bigmodel train CONFIG --from " + str(path),
        )
    check_document(path, document)


def described(model: Any) -> Described:
    """What a model of `load_foreign` takes and gives."""
    return Described(
        [_port(tensor.name, tensor) for tensor in model.inputs],
        [
            Output(_port(name, tensor), final_activation(part_up_to(model, name))[1] or "linear")
            for name, tensor in model.output.items()
        ],
        _scales(model),
        model.count_params(),
    )


def part_up_to(model: Any, output: str) -> Any:
    """The part of a model of `load_foreign` that gives one of its outputs, as a model."""
    import keras

    return keras.Model(list(model.inputs), model.output[output])


def _port(name: str, tensor: Any) -> Port:
    return Port(name, tuple(tensor.shape[1:]), str(tensor.dtype))


def _scales(model: Any) -> bool:
    for operation in layers_in_order(model):
        name = type(operation).__name__
        if name in _SCALING or name in ("TrueDivide", "Subtract"):
            return True
        if getattr(operation, "weights", ()) and name != "InputLayer":
            return False
    return False


def laid_over(model: Any, arrived: Sequence[Any]) -> dict[str, Any]:
    """The layers of a model called on other tensors, so that they stand in one model with what is before.

    Args:
        model: Of `load_foreign`.
        arrived: `keras.KerasTensor`s, one for each of its inputs, of their shapes and dtypes.

    Returns:
        Its outputs by name.
    """
    import keras

    taken = {operation.name for operation in operations_before(arrived)}
    for operation in model.operations:
        name, number = operation.name, 1
        while operation.name in taken:
            number += 1
            operation.name = f"{name}_{number}"
        taken.add(operation.name)
    tensors = list(model.output.values())
    run = relied_on(keras.Function(list(model.inputs), tensors), "_run_through_graph")
    return dict(zip(model.output, run(list(arrived), operation_fn=_plain), strict=True))


def inner_tensors(model: Any) -> dict[str, Any]:
    """What the layers of a functional `keras.Model` give, by their names, as they are called."""
    return {
        layer.name: layer.output for layer in model.layers if len(relied_on(layer, "_inbound_nodes")) == 1
    }


def between(before: Any, behind: Any) -> list[Any]:
    """The tensors from one `keras.KerasTensor` to another, in the order in which they are made."""
    import keras

    model = model_from(before, behind)
    return [
        operation.output
        for operation in model.operations
        if not isinstance(operation, keras.layers.InputLayer)
    ]


def _plain(operation: Any) -> Any:
    """What is called in an operation's place: LiteRT and ONNX do not count, and of one value need not."""
    import keras

    if not isinstance(operation, keras.layers.CategoryEncoding):
        return operation

    def encoded(places: Any, **options: Any) -> Any:
        if options or tuple(places.shape[1:]) != (1,):
            return operation(places, **options)
        places = keras.ops.cast(keras.ops.reshape(places, (-1,)), "int32")
        return keras.ops.one_hot(places, operation.num_tokens, dtype=operation.compute_dtype)

    return encoded


def in_order(model: Any, name: str, output: Any, order: Sequence[int]) -> Any:
    """An output whose numbers stand in another order.

    Where a `Dense` layer gives them, and nothing behind it and no other output tells them apart, its weights
    are put in that order; else they are picked.

    Args:
        model: Of `load_foreign`, whose output it is; its weights may change.
        name: Of the output.
        output: What it was laid over, a `keras.KerasTensor` of shape (None, n).
        order: For each place the one that it gets its number from.
    """
    import keras

    others = [
        layer
        for other in model.output
        if other != name
        for layer in layers_in_order(part_up_to(model, other))
    ]
    for operation in reversed(list(layers_in_order(part_up_to(model, name)))):
        if isinstance(operation, keras.layers.Dense):
            if any(operation is other for other in others):
                break
            operation.set_weights([weight[..., list(order)] for weight in operation.get_weights()])
            return output
        if not isinstance(operation, keras.layers.Softmax | keras.layers.Activation):
            break
    return keras.ops.take(output, list(order), axis=-1)
