"""A file of separated text: CSV and its relatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.blocks import CutInRow, TextBlock, text_blocks
from bigmodel_cli.sources.tables.cells import Use
from bigmodel_cli.sources.tables.dialect import recognised
from bigmodel_cli.sources.tables.names import named_columns
from bigmodel_cli.sources.tables.parsing import Wanted, checked_rows, columns_of, parsed, parsed_at_once
from bigmodel_cli.sources.tables.rows import Row, width_problem
from bigmodel_cli.sources.tables.table import Block, CutWrongly, TableFile
from bigmodel_cli.sources.tables.text_format import TextFormat


class TextFile(TableFile):
    """A file of separated text, opened.

    Args:
        path: It.
        told: How it is written.
        block_size: In how large pieces it is read.
        keeps_wrong: Whether rows that are wrong are kept, and named by their block.

    Raises:
        DataError: If it is empty or no text, or two columns have the same name.
    """

    def __init__(self, path: Path, told: TextFormat, *, block_size: int, keeps_wrong: bool = False) -> None:
        self.path = path
        # The line from which on blocks are cut with care, where one was cut wrongly.
        self._strict_from: int | None = None
        self._block_size = block_size
        self._unreadable: dict[int, str] | None = {} if keeps_wrong else None
        self._dialect = recognised(path, told, keeps_wrong=keeps_wrong)
        self.format = self._dialect.format
        header = self._dialect.names
        names, notes = (
            ([f"column_{place}" for place in range(1, self._dialect.width + 1)], [])
            if header is None
            else named_columns(header, path, self._dialect.header_line)
        )
        self.names = names
        self.notes = [*self._dialect.notes, *notes]

    def pieces(self, wanted: Mapping[str, Use]) -> Iterator[Callable[[], Block]]:
        places = [self.names.index(name) for name in wanted]
        blocks = text_blocks(
            self.path,
            self._dialect,
            size=self._block_size,
            strict_from=self._strict_from,
            unreadable=self._unreadable,
        )
        for block in blocks:
            # What is asked for may change while the blocks are looked at.
            # In text a list is one.
            uses: list[Use] = ["any" if use == "vector" else use for use in wanted.values()]
            yield partial(self._piece, block, Wanted(places, uses))

    def _piece(self, block: TextBlock, wanted: Wanted) -> Block:
        if not block.text.lstrip(b"\n"):
            return Block(self, 0, (), lambda: ())
        try:
            block = block.settled(self._dialect)
        except CutInRow as error:
            self._strict_from = min(error.line, self._strict_from or error.line)
            raise CutWrongly from error
        if self._unreadable is not None:
            return self._with_wrong(block, wanted)
        try:
            num_rows, cells = parsed(block, self._dialect, self.names, wanted)
        except DataError:
            # Swallowed rows explain cells that are too few or too many.
            block.check_swallowed(self._dialect, 0)
            raise
        block.check_swallowed(self._dialect, num_rows)
        return Block(self, num_rows, cells, partial(self._lines, block, num_rows))

    def _with_wrong(self, block: TextBlock, wanted: Wanted) -> Block:
        """The block with rows that are wrong: their cells are what there is of them."""
        assert self._unreadable is not None
        dialect, width = self._dialect, len(self.names)
        has_unreadable = any(block.line <= line < block.line + block.lines for line in [*self._unreadable])
        if not has_unreadable and (found := parsed_at_once(block, dialect, width, wanted)):
            block.check_swallowed(dialect, found[0])
            return Block(self, *found, partial(self._lines, block, found[0]))
        rows = list(block.rows(dialect))
        wrong = {place: problem for place, row in enumerate(rows) if (problem := self._problem(row))}
        if wrong:
            block.check_swallowed(dialect, 0)
        cells = [[*row.cells[:width], *[""] * (width - len(row.cells))] for row in rows]
        lines = [row.line for row in rows]
        return Block(self, len(rows), columns_of(cells, wanted), lambda: lines, wrong=wrong)

    def _problem(self, row: Row) -> str | None:
        known = self._unreadable or {}
        unreadable = (known[line] for line in range(row.line, row.end) if line in known)
        if (problem := next(unreadable, None)) is not None:
            return problem
        problem = width_problem(row, self.names, self._dialect.format.separator or ",")
        return problem and f": {problem}"

    def _lines(self, block: TextBlock, num_rows: int) -> Sequence[int]:
        # Where there are as many lines as rows, no row has two and none is empty.
        if block.lines == num_rows:
            return range(block.line, block.line + num_rows)
        return [row.line for row in checked_rows(block, self._dialect, self.names)]
