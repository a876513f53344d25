"""Rows of Hugging Face's datasets, in any order: Arrow files that are mapped into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.hubs.column_types import Images, Numbers
from bigmodel_cli.sources.hubs.columns import Column
from bigmodel_cli.sources.hubs.rows import Rows, written_in

if TYPE_CHECKING:
    import numpy as np


class HfRows(Rows):
    """Rows of one split.

    Args:
        dataset: A `datasets.Dataset`.
        split: Its name.
        columns: What its columns hold, by their names.
        where: For errors.
    """

    def __init__(self, dataset: Any, split: str, columns: Mapping[str, Column], where: str) -> None:
        self._table = dataset.data.table
        self._columns = columns
        self._where = f"{where}: {split}"
        # Rows that were chosen or shuffled, as places in the table; None: all of them in their order.
        self._places: np.ndarray | None = None
        if dataset._indices is not None:
            self._places = dataset._indices.column(0).to_numpy()
        self._count = len(dataset)
        files = [Path(each["filename"]) for each in dataset.cache_files]
        sizes = [f"{path.name} {path.stat().st_size}" for path in files if path.is_file()]
        self.written = written_in(path for path in files if path.is_file())
        places = "" if self._places is None else str(self._places.tolist())
        self.identity = "\n".join([split, str(self._table.schema), str(self._count), *sizes, places])

    def __len__(self) -> int:
        return self._count

    def read(self, positions: Sequence[int], names: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        import pyarrow as pa

        try:
            columns = {name: self._values(positions, name) for name in names}
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(f"{self._where}: rows from {positions[0]:,} on cannot be read: {error}") from None
        return [{name: columns[name][at] for name in names} for at in range(len(positions))]

    def _values(self, positions: Sequence[int], name: str) -> Sequence[Any] | np.ndarray:
        """What a column has in some rows."""
        top, *within = name.split("/") if name not in self._table.column_names else [name]
        array = self._slice(self._table.column(top), positions)
        column = self._columns[name]
        if isinstance(column, Numbers) and column.shape and not within:
            numbers = _numbers(array, column)
            if numbers is not None:
                return numbers
        values = array.to_pylist()
        for key in within:
            values = [None if value is None else value[key] for value in values]
        return [_image(value) for value in values] if isinstance(column, Images) else values

    def _slice(self, column: Any, positions: Sequence[int]) -> Any:
        """Some rows of a column as one pyarrow.Array."""
        import numpy as np
        import pyarrow as pa

        if isinstance(positions, range) and self._places is None:
            return _joined(column.slice(positions.start, len(positions)))
        places = np.asarray(positions) if self._places is None else self._places[np.asarray(positions)]
        return _joined(pa.chunked_array([_joined(column.slice(place, 1)) for place in places.tolist()]))


def _joined(column: Any) -> Any:
    """A pyarrow.ChunkedArray as one array."""
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return array.storage if hasattr(array, "storage") else array


def _numbers(array: Any, column: Numbers) -> np.ndarray | None:
    """Arrays of numbers at once: of shape (n, …); None where something is missing."""
    import numpy as np

    count, is_whole = len(array), True
    while hasattr(array, "flatten") and hasattr(array.type, "value_type"):
        is_whole = is_whole and not array.null_count
        array = array.flatten()
    if not is_whole or array.null_count or len(array) != count * np.prod(column.shape):
        return None
    numbers: np.ndarray = array.to_numpy(zero_copy_only=False).reshape(count, *column.shape)
    return numbers


def _image(value: Any) -> bytes | Path | None:
    """What an image is decoded from: its bytes, or its file."""
    if not isinstance(value, dict):
        return None
    content, path = value.get("bytes"), value.get("path")
    return content if content is not None else Path(path) if path else None
