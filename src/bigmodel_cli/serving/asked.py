"""What a request asks about, read as a batch of examples; called by threads that may take their time."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.inference.batches import read_batch, side_by_side
from bigmodel_cli.kinds.image.files.opening import EncodedImage
from bigmodel_cli.kinds.inputs import Batch, Finder, Input
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.parts import part_of
from bigmodel_cli.serving.limits import Limits, Refused, require_few
from bigmodel_cli.serving.served import Served

# An object with this key alone is a file, as TensorFlow Serving has it.
B64 = "b64"
# What the examples of a request are called where they are named.
INSTANCES = "instances"


def json_of(body: bytes) -> Any:
    """What a body says.

    Raises:
        Refused: If it is no JSON.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Refused(400, f"the body is no JSON: {cut(reason, 200)}") from None


def object_of(body: bytes) -> dict[str, Any]:
    """What a body says that is a JSON object.

    Raises:
        Refused: If it is none.
    """
    document = json_of(body)
    if not isinstance(document, dict):
        raise Refused(400, f"expected a JSON object, found {_described(document)}")
    return document


def with_files(value: Any, name: str, limits: Limits) -> Any:
    """A JSON value in which each `{"b64": …}` is the file that it means.

    Args:
        value: It.
        name: What its files are called.
        limits: Say how many pixels they may have.

    Raises:
        Refused: If something is no base64.
    """
    if isinstance(value, dict):
        if value.keys() == {B64}:
            return EncodedImage(name, _decoded(value[B64], name), limits.room)
        return {key: with_files(one, f"{name}.{cut(key, 60)}", limits) for key, one in value.items()}
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return [with_files(one, f"{name}[{place}]", limits) for place, one in enumerate(value)]
    return value


def _decoded(text: Any, name: str) -> bytes:
    if not isinstance(text, str):
        raise Refused(400, f"{name}: expected base64 as a text, found {_described(text)}")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(400, f"{name}: no base64: {error}") from None


def batch_of(served: Served, values: Sequence[Any], *, invert: bool = False) -> Batch:
    """Examples as the model takes them.

    Args:
        served: Whose examples they are.
        values: Of each its value: a file, nested lists of numbers, or of rows an object of columns.
        invert: Whether bright becomes dark first.

    Raises:
        Refused: If they are too many, or nothing that the model takes.
        DataError: If they do not fit it.
    """
    require_few(len(values), served.num_bytes)
    objects = [value if isinstance(value, Mapping) else {} for value in values]
    rows = part_of(served.signature.kind, Finder).sent(objects, served.rows_written)
    if rows is None:
        return read_batch(_inputs(served, values), served.signature, invert=invert)
    for place, value in enumerate(values):
        if not isinstance(value, Mapping):
            found = _described(value)
            raise Refused(400, f"{INSTANCES}[{place}]: expected an object of columns, found {found}")
    return side_by_side(list(rows.batches(served.signature, served.needed)))


def _inputs(served: Served, values: Sequence[Any]) -> list[Input]:
    """Examples that are no rows: files as they are, all else as arrays."""
    (port,) = served.inputs
    values = [_unnamed(value, (port.name, port.column)) for value in values]
    places = [place for place, value in enumerate(values) if not isinstance(value, EncodedImage)]
    arrays = dict(zip(places, _rows(served, [values[place] for place in places]), strict=True))
    return [
        Input(f"{INSTANCES}[{place}]", arrays[place]) if place in arrays else Input(value.name, value)
        for place, value in enumerate(values)
    ]


def _unnamed(value: Any, names: tuple[str, str]) -> Any:
    """The value of the one input, also where it is named."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, inner),) = value.items()
        if name in names:
            return inner
    return value


def _rows(served: Served, values: list[Any]) -> Sequence[np.ndarray]:
    if not values:
        return []
    kind = served.signature.kind
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError):
        array = np.empty(0, object)
    if array.shape != (len(values), *kind.shape) or array.dtype.kind not in "buif":
        shape = " × ".join(map(str, kind.shape))
        what = next((value for value in values if not isinstance(value, list)), None)
        found = f"an array of shape {array.shape[1:]}" if what is None else _described(what)
        if array.dtype == object and what is None:
            found = "lists of other things or of different lengths"
        raise Refused(
            400,
            f"{INSTANCES}: expected numbers of shape {shape} for each example, or a file as "
            f'{{"{B64}": "…"}}; found {found}',
        )
    found_rows: np.ndarray = part_of(kind, Read).rows(Path(INSTANCES), array)
    return list(found_rows)


def _described(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, EncodedImage):
        return "a file"
    names = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)
