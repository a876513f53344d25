"""Arrays of pyarrow from Python's values, and NumPy's from them, by their buffers.

pyarrow's own `array`, `scalar` and `to_numpy` import pandas wherever it is installed, which takes longer than
reading most tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def strings(texts: Sequence[str]) -> Any:
    """An array of strings."""
    import numpy as np
    import pyarrow as pa

    encoded = [text.encode("utf-8") for text in texts]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.large_string(), len(encoded), buffers).cast(pa.string())


def mask(values: np.ndarray) -> Any:
    """An array of truth values."""
    import numpy as np
    import pyarrow as pa

    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, bits])


def filled(array: Any, value: str | float | int) -> Any:
    """An array without nulls: where there was one, there is a value."""
    import pyarrow.compute as pc

    return pc.fill_null(array, _scalar(value, array.type)) if array.null_count else array


def without(array: Any, condition: np.ndarray) -> Any:
    """An array of strings with nulls where a condition holds, and where it had some; no string is copied."""
    import numpy as np
    import pyarrow as pa

    nulls = condition | booleans(array.is_null()) if array.null_count else condition
    _, offsets, data = array.buffers()
    is_there = mask(np.concatenate([np.zeros(array.offset, bool), ~nulls])).buffers()[1]
    return pa.Array.from_buffers(array.type, len(array), [is_there, offsets, data], offset=array.offset)


def booleans(array: Any) -> np.ndarray:
    """The values of an array of truth values without nulls."""
    import numpy as np

    bits = np.unpackbits(np.frombuffer(array.buffers()[1], np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(bool)


def _scalar(value: str | float | int, kind: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    if isinstance(value, str):
        return strings([value]).cast(kind)[0]
    data = pa.py_buffer(np.array([value], kind.to_pandas_dtype()))
    return pa.Array.from_buffers(kind, 1, [None, data])[0]


def numbers(array: Any) -> np.ndarray:
    """The values of an array of numbers; NaN where one of floats has a null."""
    import numpy as np

    whole = filled(array, float("nan")) if array.null_count else array
    dtype = np.dtype(whole.type.to_pandas_dtype())
    data = whole.buffers()[1]
    if data is None:
        return np.zeros(0, dtype)
    return np.frombuffer(data, dtype, len(whole), whole.offset * dtype.itemsize)
