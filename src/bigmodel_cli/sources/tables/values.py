"""The second pass over a table: its columns as NumPy arrays, whole or in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from bigmodel_cli.sources.tables.columns import Kept, Numbers, Values, joined
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.names import no_column
from bigmodel_cli.sources.tables.readers import NumberReader, Reader, TextReader, reader_of, use_of
from bigmodel_cli.sources.tables.table import Table


def read(
    table: Table,
    columns: Mapping[str, ColumnFacts],
    kept: Mapping[str, Kept] | None = None,
    *,
    progress: Callable[[int], None] = lambda _rows: None,
) -> dict[str, Values]:
    """Columns of a table, whole.

    Args:
        table: An open table: the one that was surveyed, or another one with the same columns.
        columns: Those that are read, each as its kind and notation say.
        kept: What the survey of this table has kept; only the other columns are read from its files.
        progress: Called with the number of rows that were read.

    Raises:
        DataError: If a column is not there, a row is wrong, or a cell is not of the column's kind; names
            file, line and column.
    """
    found = {
        name: _from_kept(reader_of(table, columns[name]), one)
        for name, one in (kept or {}).items()
        # Of numbers float32 was kept.
        if name in columns and not columns[name].is_exact
    }
    done = {name: values for name, values in found.items() if values is not None}
    wanted = {name: facts for name, facts in columns.items() if name not in done}
    parts: dict[str, list[Values]] = {name: [] for name in wanted}
    rows = 0
    for block in read_blocks(table, wanted) if wanted else ():
        for name, values in block.items():
            parts[name].append(values)
        rows += len(next(iter(block.values())))
        progress(rows)
    # Each column's parts are let go before the next one is put together.
    return {
        name: done.pop(name) if name in done else joined(facts.kind, parts.pop(name))
        for name, facts in columns.items()
    }


def _from_kept(reader: Reader, kept: Kept) -> Values | None:
    """A column of what was kept; None where that does not have what it takes."""
    import numpy as np

    if kept.written and isinstance(reader, TextReader):
        return joined("text", kept.written)
    if kept.numbers and isinstance(reader, NumberReader):
        numbers = np.concatenate(kept.numbers)
        # One that is too large is refused with its line where it is read.
        return None if np.isinf(numbers).any() else Numbers(numbers)
    return reader.of_texts(kept.texts, np.concatenate(kept.places)) if kept.places else None


def read_blocks(table: Table, columns: Mapping[str, ColumnFacts]) -> Iterator[dict[str, Values]]:
    """The same in blocks of some ten thousand rows, for what is larger than memory.

    The codes of a category mean the same in all blocks.
    """
    for name in columns:
        if name not in table.names:
            raise no_column(table.files[0].path, table.names, name)
    readers = {name: reader_of(table, facts) for name, facts in columns.items()}
    uses = {name: use_of(facts) for name, facts in columns.items()}
    for block in table.blocks(uses):
        yield {
            name: reader.values(block, cells)
            for (name, reader), cells in zip(readers.items(), block.cells, strict=True)
        }
