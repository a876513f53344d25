"""Files that the rows of a table name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.image.files.opening import EncodedImage, ImageFile
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.kinds.row.blocks.columns import Places, ReadRows
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.parts import part_of


@dataclass(frozen=True)
class FilesOfRows:
    """Columns whose cells are paths.

    Attributes:
        kinds: What their files hold, by column.
        at: Gives the file that a cell means.
    """

    kinds: Mapping[str, Kind]
    at: Callable[[str], ImageFile]

    @classmethod
    def below(cls, kind: RowKind, folder: Path) -> FilesOfRows:
        """Those that are named by paths, relative to a folder."""
        return cls(_of_files(kind), lambda path: folder / path.replace("\\", "/"))

    @classmethod
    def sent(cls, kind: RowKind, files: Mapping[str, EncodedImage]) -> FilesOfRows:
        """Those that came with the rows, by what cells call them; no other file is read."""
        return cls(_of_files(kind), files.__getitem__)

    def read(self, read: ReadRows, rows: Sequence[int], places: Places) -> dict[str, dict[int, np.ndarray]]:
        """The values of some rows by column; a row whose file cannot be read gets an error."""
        found: dict[str, dict[int, np.ndarray]] = {name: {} for name in self.kinds}
        if not self.kinds:
            return found
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="read") as readers:
            for name, kind in self.kinds.items():
                column, reader = read.held[name].take(np.array(rows, np.int64)), part_of(kind, Read)
                read_one = partial(self._value, reader)
                values = readers.map(read_one, map(str, column.values().tolist()))
                for row, value in zip(rows, values, strict=True):
                    if isinstance(value, str):
                        read.errors.setdefault(row, f"{places.of(row, name)}: {value}")
                    else:
                        found[name][row] = value
        return found

    def _value(self, reader: Read, path: str) -> np.ndarray | str:
        """What a file holds, or why it cannot be read."""
        if not path:
            return "no path of a file"
        try:
            return reader.file(self.at(path)).array
        except DataError as error:
            return error.message


def _of_files(kind: RowKind) -> dict[str, Kind]:
    return {name: one for name, one in kind.columns.items() if part_of(one, Cells).are_paths}
