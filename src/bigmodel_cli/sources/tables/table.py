"""A table in one file or several: opened, with its names, and read in blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.cells import Cells, Use
from bigmodel_cli.sources.tables.files import find_files, form_of
from bigmodel_cli.sources.tables.names import listed
from bigmodel_cli.sources.tables.text_format import TextFormat

if TYPE_CHECKING:
    from concurrent.futures import Future

_BLOCK = 4 << 20
_AHEAD = 2


class CutWrongly(Exception):
    """A block was cut within a row; the file knows by now how it has to be cut."""


@dataclass(frozen=True)
class Block:
    """Some rows of a table, column by column.

    Attributes:
        file: What they stand in.
        num_rows: How many there are.
        cells: The columns that were asked for, in that order.
        lines: Gives the line that each row begins in, or its number where a file has no lines.
        number: Which block of the table it is.
        first_row: How many rows of the table stand before it.
        glance: What was made of the cells by the thread that made them.
        wrong: Rows that are wrong where a table keeps them, and what is wrong with each as it follows its
            place: `: expected 2 cells …`, `, age: expected …`.
    """

    file: TableFile
    num_rows: int
    cells: Sequence[Cells]
    lines: Callable[[], Sequence[int]]
    number: int = 0
    first_row: int = 0
    glance: Any = None
    wrong: Mapping[int, str] = field(default_factory=dict)

    def place_of(self, row: int) -> str:
        """Where a row of it stands, as errors name it: `people.csv:17`."""
        ((path, line),) = self.places_of([row])
        return f"{path}{line}"

    def places_of(self, rows: Sequence[int]) -> list[tuple[Path, str]]:
        """Where rows of it stand: the file, and what follows its name."""
        lines, form = self.lines(), ":{}" if self.file.has_lines else ", row {:,}"
        return [(self.file.path, form.format(lines[row])) for row in rows]


class TableFile(ABC):
    """One file of a table.

    Attributes:
        path: It.
        names: Its columns.
        notes: What was recognised that a person should know of.
        format: How it is written, where it is text.
        has_lines: Whether its rows stand in lines.
        lists: The columns whose cells are lists of texts.
        vectors: The columns whose cells are lists of numbers, as far as their types or first rows tell.
        decimals: What stands before the fraction of numbers in texts of some columns, by their names; numbers
            that are no texts are written so too.
    """

    path: Path
    names: Sequence[str]
    notes: Sequence[str] = ()
    format: TextFormat | None = None
    has_lines: bool = True
    lists: frozenset[str] = frozenset()
    vectors: frozenset[str] = frozenset()
    decimals: Mapping[str, str] = MappingProxyType({})

    @abstractmethod
    def pieces(self, wanted: Mapping[str, Use]) -> Iterator[Callable[[], Block]]:
        """The blocks, each as what makes it: to be called in any thread.

        Args:
            wanted: The columns, and what their cells are asked for.

        Raises:
            CutWrongly: By a block, which has to be made anew, and all behind it.
            DataError: If the file is damaged, or a row is wrong; names file and line.
        """


@dataclass(frozen=True)
class Table:
    """A table in one file or several.

    Attributes:
        files: Them, in order.
        names: The columns, as the first file has them.
        notes: What was recognised that a person should know of.
        format: How the first file is written, where it is text; else what is told.
    """

    files: Sequence[TableFile]
    names: Sequence[str]
    notes: Sequence[str]
    format: TextFormat

    @property
    def lists(self) -> frozenset[str]:
        """The columns whose cells are lists of texts."""
        return self.files[0].lists

    @property
    def vectors(self) -> frozenset[str]:
        """The columns whose cells are lists of numbers."""
        return self.files[0].vectors

    def blocks(
        self,
        wanted: Sequence[str] | Mapping[str, Use] | None = None,
        glance: Callable[[Sequence[Cells]], Any] | None = None,
    ) -> Iterator[Block]:
        """All rows, in blocks of a few MB; the next ones are made by threads while one is looked at.

        Args:
            wanted: The columns, and what their cells are asked for; None: all of them.
            glance: Called in these threads with the cells of each block.

        Raises:
            DataError: If a file is damaged, or a row is wrong; names file and line.
        """
        names = self.names if wanted is None else wanted
        uses: Mapping[str, Use] = names if isinstance(names, Mapping) else dict.fromkeys(names, "any")
        number = first_row = 0
        for piece in self._pieces(uses, glance):
            if piece.num_rows:
                yield replace(piece, number=number, first_row=first_row)
                number, first_row = number + 1, first_row + piece.num_rows

    def _pieces(
        self, uses: Mapping[str, Use], glance: Callable[[Sequence[Cells]], Any] | None
    ) -> Iterator[Block]:
        done = 0
        while True:
            makers = islice((maker for file in self.files for maker in file.pieces(uses)), done, None)
            try:
                for piece in _made_ahead(makers, glance):
                    yield piece
                    done += 1
                return
            except CutWrongly:
                # What was cut before is cut as it was.
                continue

    def place(self, row: int) -> str:
        """Where a row stands, as errors name it: `people.csv:17`; reads the table up to there."""
        ((path, line),) = self.places([row])
        return f"{path}{line}"

    def places(self, rows: Sequence[int]) -> list[tuple[Path, str]]:
        """Where rows stand: the file, and what follows its name; reads the table up to the last of them.

        Raises:
            DataError: If the table cannot be read any more, or has no such row.
        """
        left, found = sorted(set(rows)), dict[int, tuple[Path, str]]()
        for block in self.blocks(self.names[:1]) if left else ():
            stop = block.first_row + block.num_rows
            here = [row for row in left if row < stop]
            if here:
                places = block.places_of([row - block.first_row for row in here])
                found.update(zip(here, places, strict=True))
                left = left[len(here) :]
            if not left:
                return [found[row] for row in rows]
        if left:
            raise DataError(f"{self.files[0].path}: has no row {left[0] + 1:,} any more: it was changed")
        return []


def _made_ahead(
    makers: Iterator[Callable[[], Block]], glance: Callable[[Sequence[Cells]], Any] | None
) -> Iterator[Block]:
    """Blocks in order, of which a few are made ahead of time."""
    # The command line lists sources without it.
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Future[Block]] = deque()
    problem: DataError | None = None
    pool = ThreadPoolExecutor(_AHEAD)
    try:
        while True:
            try:
                maker = next(makers, None)
            except DataError as error:
                # What is wrong in the blocks before it is told first.
                maker, problem = None, error
            if maker is None:
                break
            waiting.append(pool.submit(_made, maker, glance))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    if problem is not None:
        raise problem


def _made(maker: Callable[[], Block], glance: Callable[[Sequence[Cells]], Any] | None) -> Block:
    block = maker()
    return replace(block, glance=glance(block.cells)) if glance is not None and block.num_rows else block


def open_table(
    paths: Path | str | Sequence[Path | str], told: TextFormat | None = None, *, keeps_wrong: bool = False
) -> Table:
    """Open a table: find its files and learn how they are written and what their columns are called.

    Args:
        paths: A file, several, or a pattern (`part-*.csv`): CSV and the like, JSON lines, Parquet, Feather,
            ORC. Text may be compressed with gzip, bzip2 or xz.
        told: How text is written; what is None is recognised.
        keeps_wrong: Whether rows that are wrong are kept, and named by their block, and do not end it all.

    Raises:
        DataError: If there is no such file, it is no table, or its columns' names cannot be told apart.
    """
    found = find_files(paths)
    told = told or TextFormat()
    first = _opened(found[0], told, keeps_wrong)
    if first.format is not None and not first.format.header:
        # No row of the others is a header, as much as it may look like one.
        told = replace(told, header=False)
    files = [first, *(_opened(path, told, keeps_wrong) for path in found[1:])]
    # Whether cells that are missing in the first lines of a file are lists, others may tell.
    vectors = frozenset[str]().union(*(file.vectors for file in files))
    lists = frozenset[str]().union(*(file.lists for file in files)) - vectors
    for file in files:
        file.lists, file.vectors = lists, vectors
        _check_same(first, file)
    notes = list(dict.fromkeys(note for file in files for note in file.notes))
    return Table(files, tuple(first.names), notes, first.format or told)


def _opened(path: Path, told: TextFormat, keeps_wrong: bool) -> TableFile:
    form = form_of(path)
    if form == "text":
        from bigmodel_cli.sources.tables.text_file import TextFile

        return TextFile(path, told, block_size=_BLOCK, keeps_wrong=keeps_wrong)
    if form == "json lines":
        from bigmodel_cli.sources.tables.json_lines import JsonLinesFile

        return JsonLinesFile(path, told, block_size=_BLOCK, keeps_wrong=keeps_wrong)
    from bigmodel_cli.sources.tables.arrow_file import ArrowFile

    return ArrowFile(path, form)


def _check_same(first: TableFile, other: TableFile) -> None:
    """Files of one table have the same columns, in any order."""
    if other.lists and other.format is not None:
        raise DataError(
            f"{other.path}: text has no lists, as {listed(other.lists)} in other files of the table"
        )
    if Counter(first.names) == Counter(other.names):
        return
    missing = [name for name in first.names if name not in other.names]
    more = [name for name in other.names if name not in first.names]
    parts = [f"lacks {listed(missing)}"] if missing else []
    parts += [f"has {listed(more)}, which {first.path.name} has not"] if more else []
    raise DataError(
        f"{other.path}: other columns than in {first.path}: {' and '.join(parts)}",
        hint="the files of one table have the same columns, in any order",
    )
