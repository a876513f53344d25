"""Rows are read from tables, a block at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.opening import ImageFile
from bigmodel_cli.kinds.read import Read, Value

if TYPE_CHECKING:
    import numpy as np


class RowRead(Read):
    """A file has many rows, so that none of it is one value; a row is its values by column."""

    def file(self, path: ImageFile, *, invert: bool = False) -> Value:
        raise DataError(
            f"{path}: this model takes rows of a table", hint="give a .csv, .jsonl or .parquet file"
        )

    def row(self, name: str, array: Any, *, invert: bool = False) -> Value:
        return Value(array)

    def rows(self, path: Path, array: np.ndarray) -> np.ndarray:
        columns = ", ".join(self.kind.columns)
        raise DataError(
            f"{path}: this model takes rows of a table with the columns {columns}, not arrays",
            hint="save it as CSV, with the names of the columns above",
        )
