"""A block of text as columns of cells: by pyarrow where its quotes are regular, else row by row."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from typing import Any

from bigmodel_cli.sources.tables.arrow_arrays import numbers, strings
from bigmodel_cli.sources.tables.arrow_cells import ArrowCells, TypedCells
from bigmodel_cli.sources.tables.blocks import TextBlock
from bigmodel_cli.sources.tables.cells import Cells, ListCells, Use
from bigmodel_cli.sources.tables.dialect import Dialect
from bigmodel_cli.sources.tables.rows import Row, check_width

EXTRA_HINT = "pip install 'bigmodel-cli[tables]'"


@cache
def has_pyarrow() -> bool:
    """Whether the extra `tables` is installed."""
    return find_spec("pyarrow") is not None


@dataclass(frozen=True)
class Wanted:
    """Which columns are wanted, and what of them.

    Attributes:
        places: Of the columns in a row.
        uses: For each of them what its cells are asked for; pyarrow makes that while it reads.
    """

    places: Sequence[int]
    uses: Sequence[Use]


def parsed(
    block: TextBlock, dialect: Dialect, names: Sequence[str], wanted: Wanted
) -> tuple[int, list[Cells]]:
    """How many rows a block has, and the cells of the columns that are wanted.

    Raises:
        DataError: If a row has too few or too many cells; names its line.
    """
    if columns := parsed_at_once(block, dialect, len(names), wanted):
        return columns
    rows = checked_rows(block, dialect, names)
    return len(rows), columns_of([row.cells for row in rows], wanted)


def parsed_at_once(
    block: TextBlock, dialect: Dialect, width: int, wanted: Wanted
) -> tuple[int, list[Cells]] | None:
    """The same by pyarrow; None where that cannot be asked, or some row is wrong."""
    if not has_pyarrow() or not block.is_regular:
        return None
    table = _by_pyarrow(block, dialect, width, wanted)
    if table is None and "number" in wanted.uses:
        wanted = replace(wanted, uses=["any" if use == "number" else use for use in wanted.uses])
        table = _by_pyarrow(block, dialect, width, wanted)
    if table is None:
        return None
    cells = zip(table.columns, wanted.uses, strict=True)
    return table.num_rows, [
        (TypedCells if use == "number" else ArrowCells)(_one(column)) for column, use in cells
    ]


def columns_of(rows: Sequence[Sequence[str]], wanted: Wanted) -> list[Cells]:
    """The columns that are wanted of rows of texts."""
    return [cells_of([row[place] for row in rows]) for place in wanted.places]


def checked_rows(block: TextBlock, dialect: Dialect, names: Sequence[str]) -> list[Row]:
    """The rows of a block, each with a cell for every column.

    Raises:
        DataError: If a row has too few or too many cells, or a quote is not where it can be; names the line.
    """
    rows = []
    for row in block.rows(dialect):
        check_width(row, names, block.path, dialect.format.separator or ",")
        rows.append(row)
    return rows


def cells_of(texts: list[str]) -> Cells:
    """Texts as cells."""
    if not has_pyarrow():
        return ListCells(texts)
    return ArrowCells(strings(texts))


def _by_pyarrow(block: TextBlock, dialect: Dialect, width: int, wanted: Wanted) -> Any:
    """The block as a table; None where pyarrow finds something wrong with it, or no number that is finite."""
    import pyarrow as pa
    from pyarrow import csv

    names = [str(place) for place in range(width)]
    types = {"any": pa.string(), "few": pa.dictionary(pa.int32(), pa.string()), "number": pa.float64()}
    try:
        table = csv.read_csv(
            # pyarrow takes a byte order mark for one at the beginning of any text.
            pa.BufferReader(b"\n" + block.text if block.text.startswith(codecs.BOM_UTF8) else block.text),
            csv.ReadOptions(column_names=names, block_size=len(block.text) + 2, use_threads=False),
            csv.ParseOptions(
                delimiter=dialect.format.separator,
                quote_char='"' if dialect.format.quotes else False,
                newlines_in_values=bool(dialect.format.quotes),
            ),
            csv.ConvertOptions(
                # The text was found to be UTF-8 when the block was cut.
                check_utf8=False,
                column_types={
                    names[place]: types[use] for place, use in zip(wanted.places, wanted.uses, strict=True)
                },
                include_columns=[names[place] for place in wanted.places],
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    typed = (column for column, use in zip(table.columns, wanted.uses, strict=True) if use == "number")
    # `nan` and `inf` are words here.
    return table if all(map(_are_finite, typed)) else None


def _are_finite(column: Any) -> bool:
    import numpy as np

    values = numbers(_one(column))
    return int(np.isfinite(values).sum()) == len(values) - int(column.null_count)


def _one(column: Any) -> Any:
    """A column in one piece."""
    import pyarrow as pa

    if column.num_chunks == 1:
        return column.chunk(0)
    return column.combine_chunks() if column.num_chunks else pa.nulls(0, column.type)
