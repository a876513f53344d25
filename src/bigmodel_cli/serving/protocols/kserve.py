"""KServe's protocol, version 2 (Open Inference Protocol): https://github.com/kserve/open-inference-protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bigmodel_cli import __version__
from bigmodel_cli.kinds.image.files.opening import EncodedImage
from bigmodel_cli.kinds.inputs import Batch
from bigmodel_cli.serving.asked import B64, batch_of, object_of, with_files
from bigmodel_cli.serving.batching import Made
from bigmodel_cli.serving.limits import Limits, Refused
from bigmodel_cli.serving.protocols.tensorflow_serving import whole_outputs
from bigmodel_cli.serving.served import Port, Served

_DTYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
}
_BYTES = "BYTES"


def read(served: Served, body: bytes, limits: Limits) -> tuple[Batch, dict[str, Any]]:
    """The examples of a request, and what it asks of the answer.

    Raises:
        Refused: If there are none that the model takes.
        DataError: If they do not fit it.
    """
    document = object_of(body)
    tensors = document.get("inputs")
    if not isinstance(tensors, list) or not tensors:
        raise Refused(400, "inputs: expected a list of tensors")
    wanted = _wanted(served, document.get("outputs"))
    identity = document.get("id")
    if identity is not None and not isinstance(identity, str):
        raise Refused(400, "id: expected a text")
    columns = dict(_tensor(served, tensor, place, limits) for place, tensor in enumerate(tensors))
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise Refused(400, f"inputs: expected one number of examples in all, found {sorted(lengths)}")
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return batch_of(served, rows), {"id": identity, "outputs": wanted}


def _wanted(served: Served, outputs: Any) -> list[str]:
    names = [port.name for port in served.outputs]
    if outputs is None or outputs == []:
        return names
    if not isinstance(outputs, list) or not all(isinstance(one, Mapping) for one in outputs):
        raise Refused(400, "outputs: expected a list of objects with a name")
    wanted = [one.get("name") for one in outputs]
    for name in wanted:
        if name not in names:
            raise Refused(400, f"outputs: expected some of {', '.join(names)}, found {str(name)[:60]!r}")
    return wanted


def _tensor(served: Served, tensor: Any, place: int, limits: Limits) -> tuple[str, list[Any]]:
    """Name and examples of a tensor."""
    where = f"inputs[{place}]"
    if not isinstance(tensor, Mapping):
        raise Refused(400, f"{where}: expected an object with name, shape, datatype and data")
    name, shape, data = tensor.get("name"), tensor.get("shape"), tensor.get("data")
    port = next((port for port in served.inputs if name in (port.name, port.column)), None)
    if port is None:
        there = ", ".join(port.name for port in served.inputs[:20])
        raise Refused(400, f"{where}: expected an input of the model ({there}), found {str(name)[:60]!r}")
    if tensor.get("datatype") not in _DTYPES.values():
        raise Refused(400, f"{where}: expected a datatype such as {_datatype(port)}")
    if not isinstance(shape, list) or not shape or not all(_is_size(size) for size in shape):
        raise Refused(400, f"{where}: expected a shape of whole numbers, the number of examples first")
    if not isinstance(data, list):
        raise Refused(400, f"{where}: expected data as a list (binary data is not taken)")
    flat = _flat(data)
    if len(flat) != math.prod(shape):
        raise Refused(400, f"{where}: the shape {shape} has {math.prod(shape):,} values, data {len(flat):,}")
    if tensor["datatype"] == _BYTES and port.dtype != "string":
        flat = [_file(one, f"{where}.data[{number}]", limits) for number, one in enumerate(flat)]
    return port.column, _nested(flat, shape)


def _is_size(size: Any) -> bool:
    return type(size) is int and 0 < size < 2**31


def _flat(data: list[Any]) -> list[Any]:
    """Data may be nested or not."""
    while data and all(isinstance(one, list) for one in data):
        data = [value for one in data for value in one]
    return data


def _nested(flat: list[Any], shape: list[int]) -> list[Any]:
    """Values by example, with the axes of a shape; files and texts may have an axis of length 1."""
    axes = shape[1:]
    if flat and isinstance(flat[0], EncodedImage | str) and axes == [1]:
        axes = []
    values = flat
    for size in reversed(axes):
        values = [values[start : start + size] for start in range(0, len(values), size)]
    return values


def _file(value: Any, name: str, limits: Limits) -> Any:
    """A file, which stands in a text as base64."""
    return with_files({B64: value} if isinstance(value, str) else value, name, limits)


def answer(served: Served, made: Made, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The document of an answer.

    Raises:
        Refused: If one of the examples could not be predicted: there is no place for that here.
    """
    outputs = whole_outputs(served, made)
    tensors = [
        {
            "name": name,
            "shape": list(outputs[name].shape),
            "datatype": "FP32",
            "data": outputs[name].ravel().tolist(),
        }
        for name in asked["outputs"]
    ]
    identity = {} if asked["id"] is None else {"id": asked["id"]}
    return {
        "model_name": served.name,
        "model_version": served.version,
        **identity,
        "outputs": tensors,
    }


def server_metadata() -> dict[str, Any]:
    """What `/v2` says."""
    return {"name": "bigmodel", "version": __version__, "extensions": []}


def metadata(served: Served) -> dict[str, Any]:
    """What `/v2/models/NAME` says."""
    return {
        "name": served.name,
        "versions": [served.version],
        "platform": f"bigmodel_{served.engine.rpartition('/')[2]}",
        "inputs": [_described(port) for port in served.inputs],
        "outputs": [_described(port) for port in served.outputs],
    }


def _described(port: Port) -> dict[str, Any]:
    return {"name": port.name, "datatype": _datatype(port), "shape": [-1, *port.shape]}


def _datatype(port: Port) -> str:
    return _DTYPES.get(port.dtype, _BYTES)
