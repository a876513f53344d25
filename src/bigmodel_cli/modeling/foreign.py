"""A model that another program saved: looked at before Keras opens it, and taken apart into its layers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.modeling.backend import is_out_of_memory
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
class Described:
    """What a model is seen to be from its file alone.

    Attributes:
        inputs: In its order.
        output: The one that it has.
        activation: What its last layer makes of its numbers: `softmax`, `sigmoid` or `linear`.
        scales: Whether something stands before its first weights that makes other numbers of pixels.
        parameters: How many it has.
    """

    inputs: Sequence[Port]
    output: Port
    activation: str
    scales: bool
    parameters: int


def load_foreign(path: Path) -> Any:
    """A model from a file of unknown origin, as a functional `keras.Model` that is not compiled.

    Args:
        path: A `.keras` file, or an `.h5` file with a whole model.

    Raises:
        DataError: If it is damaged, holds code or classes that are not Keras's, or has not one output.
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
    if len(model.outputs) != 1:
        raise DataError(
            f"{path}: expected a model with one output, found {len(model.outputs)}",
            hint="save the part up to one of them: keras.Model(model.inputs, model.outputs[0])",
        )
    return keras.Model(list(model.inputs), model.outputs[0], name=model.name)


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
    (output,) = model.outputs
    _, activation = final_activation(model)
    return Described(
        [_port(tensor) for tensor in model.inputs],
        _port(output),
        activation or "linear",
        _scales(model),
        model.count_params(),
    )


def _port(tensor: Any) -> Port:
    return Port(tensor.name, tuple(tensor.shape[1:]), str(tensor.dtype))


def _scales(model: Any) -> bool:
    for operation in layers_in_order(model):
        name = type(operation).__name__
        if name in _SCALING or name in ("TrueDivide", "Subtract"):
            return True
        if getattr(operation, "weights", ()) and name != "InputLayer":
            return False
    return False


def laid_over(model: Any, arrived: Sequence[Any]) -> Any:
    """The layers of a model called on other tensors, so that they stand in one model with what is before.

    Args:
        model: Of `load_foreign`.
        arrived: `keras.KerasTensor`s, one for each of its inputs, of their shapes and dtypes.

    Returns:
        Its output.
    """
    import keras

    taken = _names_before(arrived)
    for operation in model.operations:
        name, number = operation.name, 1
        while operation.name in taken:
            number += 1
            operation.name = f"{name}_{number}"
        taken.add(operation.name)
    run = relied_on(keras.Function(model.inputs, model.outputs), "_run_through_graph")
    (output,) = run(list(arrived), operation_fn=_plain)
    return output


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


def _names_before(tensors: Sequence[Any]) -> set[str]:
    """What the operations are called that tensors come from."""
    names, seen, waiting = set[str](), set[tuple[int, int]](), list(tensors)
    while waiting:
        operation, node_index, _ = relied_on(waiting.pop(), "_keras_history")
        if (id(operation), node_index) in seen:
            continue
        seen.add((id(operation), node_index))
        names.add(operation.name)
        waiting += relied_on(operation, "_inbound_nodes")[node_index].input_tensors
    return names


def in_order(model: Any, output: Any, order: Sequence[int]) -> Any:
    """An output whose numbers stand in another order.

    Where a `Dense` layer gives them and nothing behind it tells them apart, its weights are put in that
    order; else they are picked.

    Args:
        model: Whose output it is; its weights may change.
        output: A `keras.KerasTensor` of shape (None, n).
        order: For each place the one that it gets its number from.
    """
    import keras

    for operation in reversed(list(layers_in_order(model))):
        if isinstance(operation, keras.layers.Dense):
            operation.set_weights([weight[..., list(order)] for weight in operation.get_weights()])
            return output
        if not isinstance(operation, keras.layers.Softmax | keras.layers.Activation):
            break
    return keras.ops.take(output, list(order), axis=-1)
