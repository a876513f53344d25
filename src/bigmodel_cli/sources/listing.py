"""CSV files that list examples: every row as texts, with the line that it begins in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.files import form_of
from bigmodel_cli.sources.tables.refusing import TableError
from bigmodel_cli.sources.tables.table import Block, Table, open_table
from bigmodel_cli.sources.tables.text_format import TextFormat


@dataclass(frozen=True)
class ListedRow:
    """A row of a listing.

    Attributes:
        line: Where it begins.
        cells: As many as there are columns, without space around them.
    """

    line: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Listing:
    """A CSV file that was read.

    Attributes:
        path: It.
        separator: What stands between cells.
        columns: Their names, without space around them.
        rows: All rows but the first one, which names the columns.
    """

    path: Path
    separator: str
    columns: Sequence[str]
    rows: Sequence[ListedRow]

    def column(self, names: Sequence[str]) -> int | None:
        """The place of the first of these columns that is there; else of one that differs in case alone."""
        for there, wanted in (
            (list(self.columns), names),
            ([name.casefold() for name in self.columns], [name.casefold() for name in names]),
        ):
            for name in wanted:
                if name in there:
                    return there.index(name)
        return None


def read_listing(path: Path) -> Listing:
    """Read a CSV file whose first line names the columns; what stands between cells is recognised.

    Raises:
        DataError: If it cannot be read, columns have the same name, or a row has too few or too many cells.
    """
    if not path.is_file():
        raise DataError(f"{path}: {'a folder, not a CSV file' if path.is_dir() else 'no such file'}")
    if (form := form_of(path)) != "text":
        raise DataError(f"{path}: expected a CSV file, found {form}", hint="save it as CSV")
    try:
        table = open_table(path, TextFormat(header=True, quotes=True, skip=0))
        rows = [row for block in table.blocks() for row in _rows(block)]
    except TableError as error:
        # A listing is one way to write a table: no option says that it is another one.
        raise DataError(error.message, hint=error.fix) from error
    assert table.format.separator is not None
    return Listing(path, table.format.separator, table.names, rows)


def first_cells(table: Table) -> Sequence[Sequence[str]]:
    """The cells of a table's first rows, column by column; none where it has no rows."""
    block = next(table.blocks(), None)
    return [] if block is None else _columns(block)


def _rows(block: Block) -> Iterator[ListedRow]:
    return map(ListedRow, block.lines(), zip(*_columns(block), strict=True))


def _columns(block: Block) -> list[list[str]]:
    found = (cells.encoded() for cells in block.cells)
    return [[texts[place] for place in places.tolist()] for texts, places in found]
