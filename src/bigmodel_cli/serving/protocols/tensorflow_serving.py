"""TensorFlow Serving's REST: https://www.tensorflow.org/tfx/serving/api_rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from bigmodel_cli.kinds.inputs import Batch
from bigmodel_cli.serving.asked import INSTANCES, batch_of, object_of, with_files
from bigmodel_cli.serving.batching import Made
from bigmodel_cli.serving.limits import Limits, Refused
from bigmodel_cli.serving.served import Port, Served

_SIGNATURE = "serving_default"
_COLUMNS = "inputs"
_DTYPES = {
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "uint8": "DT_UINT8",
    "int32": "DT_INT32",
    "int64": "DT_INT64",
    "bool": "DT_BOOL",
    "string": "DT_STRING",
}


def read(served: Served, body: bytes, limits: Limits) -> tuple[Batch, bool]:
    """The examples of a request, and whether they came column by column.

    Raises:
        Refused: If there are none that the model takes.
        DataError: If they do not fit it.
    """
    document = object_of(body)
    name = document.get("signature_name") or _SIGNATURE
    if name != _SIGNATURE:
        raise Refused(400, f"signature_name: expected {_SIGNATURE}, found {str(name)[:60]!r}")
    if (INSTANCES in document) == (_COLUMNS in document):
        raise Refused(400, f"expected one of {INSTANCES} and {_COLUMNS}")
    if INSTANCES in document:
        values = document[INSTANCES]
        if not isinstance(values, list):
            raise Refused(400, f"{INSTANCES}: expected a list of examples")
        given = [with_files(one, f"{INSTANCES}[{place}]", limits) for place, one in enumerate(values)]
        return batch_of(served, given), False
    return batch_of(served, _by_row(served, with_files(document[_COLUMNS], _COLUMNS, limits))), True


def _by_row(served: Served, columns: Any) -> list[Any]:
    """Values that came column by column, as examples."""
    if isinstance(columns, list):
        return columns
    if not isinstance(columns, dict) or not all(isinstance(values, list) for values in columns.values()):
        raise Refused(400, f"{_COLUMNS}: expected a list, or an object with a list for each input")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise Refused(400, f"{_COLUMNS}: expected lists of one length, found {sorted(set(lengths.values()))}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def answer(served: Served, made: Made, *, by_column: bool) -> dict[str, Any]:
    """The document of an answer.

    Raises:
        Refused: If one of the examples could not be predicted: there is no place for that here.
    """
    outputs = whole_outputs(served, made)
    if by_column:
        columns = {name: values.tolist() for name, values in outputs.items()}
        return {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}
    if len(outputs) == 1:
        return {"predictions": next(iter(outputs.values())).tolist()}
    rows = zip(*(values.tolist() for values in outputs.values()), strict=True)
    return {"predictions": [dict(zip(outputs, row, strict=True)) for row in rows]}


def whole_outputs(served: Served, made: Made) -> dict[str, np.ndarray]:
    """Outputs of all examples by name.

    Raises:
        Refused: If one of the examples could not be predicted.
    """
    error = next(filter(None, made.errors), None)
    if error is not None:
        raise Refused(400, error)
    outputs = served.outputs_by_name(made.outputs)
    for values in outputs.values():
        wrong = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
        if len(wrong):
            raise Refused(400, f"{INSTANCES}[{wrong[0]}]: the model's output is NaN or infinite")
    return outputs


def status(served: Served) -> dict[str, Any]:
    """What `/v1/models/NAME` says."""
    state = {"error_code": "OK", "error_message": ""}
    return {"model_version_status": [{"version": served.version, "state": "AVAILABLE", "status": state}]}


def metadata(served: Served) -> dict[str, Any]:
    """What `/v1/models/NAME/metadata` says."""
    signature = {
        "inputs": {port.name: _tensor(port) for port in served.inputs},
        "outputs": {port.name: _tensor(port) for port in served.outputs},
        "method_name": "tensorflow/serving/predict",
    }
    of_map = {"@type": "type.googleapis.com/tensorflow.serving.SignatureDefMap"}
    return {
        "model_spec": {"name": served.name, "signature_name": "", "version": served.version},
        "metadata": {"signature_def": {**of_map, "signature_def": {_SIGNATURE: signature}}},
    }


def _tensor(port: Port) -> dict[str, Any]:
    dims = [{"size": str(size), "name": ""} for size in (-1, *port.shape)]
    return {
        "dtype": _DTYPES.get(port.dtype, "DT_INVALID"),
        "tensor_shape": {"dim": dims, "unknown_rank": False},
        "name": f"{_SIGNATURE}_{port.name}:0",
    }
