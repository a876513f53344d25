"""Columns of a table that are larger than memory, in files that the system reads as they are asked for."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.memory import is_large
from bigmodel_cli.sources.stores import MappedStore
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.sources.tables.values import read_blocks

if TYPE_CHECKING:
    import numpy as np

# What packed and compressed files take as arrays, as a multiple of their size.
_UNPACKED = 4
_TEXT_SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")


def may_be_large(table: Table) -> bool:
    """Whether the files of a table are so large that its columns need not fit into memory."""
    sizes = (
        file.path.stat().st_size * (1 if file.path.suffix.lower() in _TEXT_SUFFIXES else _UNPACKED)
        for file in table.files
    )
    return is_large(sum(sizes))


def are_large(num_rows: int, kinds: Mapping[str, Kind]) -> bool:
    """Whether columns of so many rows do not fit into memory."""
    return is_large(num_rows * sum(_value_bytes(kind) for kind in kinds.values()))


def _value_bytes(kind: Kind) -> int:
    # A text has a place among all texts.
    return 4 * math.prod(kind.shape) if kind.dtype == "string" else kind.num_bytes


@dataclass
class _Column:
    """A column that is being written.

    Attributes:
        file: Without a name, so that the disk is free once nobody has it open, however the process ends.
        array: How its values are, learnt from the first block.
        names: Texts that its places stand for.
    """

    file: BinaryIO
    array: np.ndarray | None = None
    names: Sequence[str] | None = None


def spilled(
    table: Table, facts: Mapping[str, ColumnFacts], kinds: Mapping[str, Kind]
) -> dict[str, MappedStore]:
    """Columns of a table, read in blocks into files.

    Args:
        table: An open table.
        facts: How columns are read, by the names that they have here.
        kinds: What they are; texts, of which each row has its own, do not go into files.

    Raises:
        DataError: If a row is wrong.
        ResourceError: If the disk takes no more.
    """
    import numpy as np

    columns = {name: _Column(tempfile.TemporaryFile()) for name in facts}  # noqa: SIM115
    rows = 0
    try:
        for block in read_blocks(table, {one.name: one for one in facts.values()}):
            for name, column in columns.items():
                held = part_of(kinds[name], Cells).held(block[facts[name].name])
                # What stands for none moves as names are added.
                array = held.array
                if held.names is not None:
                    array = np.where(array == len(held.names), -1, array).astype(np.int32)
                    column.names = held.names
                column.array = array[:0]
                content = np.ascontiguousarray(array).reshape(-1).view("uint8").data
                column.file.write(content)
            rows += len(next(iter(block.values())))
        return {name: _store(column, rows, table.files[0].path.name) for name, column in columns.items()}
    except OSError as error:
        raise ResourceError(
            f"{tempfile.gettempdir()}: columns that are larger than memory are kept there: {error.strerror}",
            hint="free some space, or let TMPDIR name another folder",
        ) from error


def _store(column: _Column, rows: int, origin: str) -> MappedStore:
    import numpy as np

    assert column.array is not None, "a table has rows"
    column.file.flush()
    shape = (rows, *column.array.shape[1:])
    mapped = np.memmap(column.file, column.array.dtype, "r+", shape=shape)
    if column.names is not None:
        for start in range(0, rows, 1 << 20):
            part = mapped[start : start + (1 << 20)]
            part[part < 0] = len(column.names)
    return MappedStore(mapped, origin, np.arange(rows), column.names)
