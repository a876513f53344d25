"""Tables with the columns of other ones joined to them: a row that names an item has the item's columns.

A file with joined columns is a file like any other to those who look at it, read it, or predict its rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.cells import Cells, Use
from bigmodel_cli.sources.tables.coded_cells import CodedCells
from bigmodel_cli.sources.tables.lists import items_of
from bigmodel_cli.sources.tables.names import no_column, shown
from bigmodel_cli.sources.tables.table import Block, Table, TableFile, open_table
from bigmodel_cli.sources.tables.text_format import TextFormat

if TYPE_CHECKING:
    import numpy as np

# A whole number as tables have it whose column has fractions, or gaps.
_WHOLE = re.compile(r"([-+]?\d+)\.0+")
_SHOWN = 3


@dataclass(frozen=True)
class Join:
    """What is joined to a table.

    Attributes:
        column: The column of the table that names the rows of the other one.
        key: What the other one calls it.
        paths: The files of the other one.
        prefix: What the names of its columns get in front.
    """

    column: str
    key: str
    paths: tuple[Path, ...]
    prefix: str = ""


@dataclass
class Keyed:
    """A table whose rows are found by a key, in memory as it is written.

    Attributes:
        join: What it is joined by.
        table: It.
        place_of: The row of each key.
        columns: Its cells by column, as the joined table calls them.
        unknown: By block how many of its rows have a key that is there, how many one that is not, and the
            first of these.
    """

    join: Join
    table: Table
    place_of: Mapping[str, int]
    columns: Mapping[str, CodedCells]
    unknown: dict[tuple[int, int], tuple[int, int, Sequence[str]]] = field(default_factory=dict)

    @classmethod
    def read(cls, join: Join, told: TextFormat) -> Keyed:
        """Read the table.

        Raises:
            DataError: If it has no rows, lacks its key, a row has none, or two rows have the same.
        """
        # How the other table is written is its own matter; what means "no value" is told of both.
        table = open_table(join.paths, TextFormat(missing=told.missing))
        if join.key not in table.names:
            raise no_column(table.files[0].path, table.names, join.key)
        others = [name for name in table.names if name != join.key]
        if not others:
            raise DataError(f"{table.files[0].path}: has nothing beside {shown(join.key)} to join")
        texts: dict[str, dict[str, int]] = {name: {} for name in others}
        codes: dict[str, list[np.ndarray]] = {name: [] for name in others}
        keys: list[str] = []
        for block in table.blocks([join.key, *others]):
            keys += map(canonical, _each(block.cells[0]))
            for name, cells in zip(others, block.cells[1:], strict=True):
                codes[name].append(_numbered(cells, texts[name]))
        if not keys:
            raise DataError(f"{table.files[0].path}: no rows, of which others could get columns")
        columns = {
            f"{join.prefix}{name}": CodedCells.of_parts(list(texts[name]), codes[name]) for name in others
        }
        return cls(join, table, _places_of(keys, join, table), columns)

    def rows_of(self, cells: Cells) -> np.ndarray:
        """The row that each of some cells names, int64; -1 where there is none."""
        return cells.mapped(lambda text: self.place_of.get(canonical(text), -1), "int64")

    def values_of(self, key: str) -> Mapping[str, Any] | None:
        """The row of a key, as cells are written; None where there is none."""
        row = self.place_of.get(canonical(key))
        if row is None:
            return None
        found = {name: cells.text(row) for name, cells in self.columns.items()}
        return {name: items_of(text) if name in self.lists else text for name, text in found.items()}

    @property
    def lists(self) -> frozenset[str]:
        """Those of its columns that are of lists of texts."""
        return frozenset(f"{self.join.prefix}{name}" for name in self.table.lists)

    def note(self, block: tuple[int, int], cells: Cells, rows: np.ndarray) -> None:
        """Take note of what a block names that is not there; a block is looked at more than once."""
        unknown = rows < 0
        counts = cells.counts_where(unknown) if unknown.any() else {}
        named = [text for text in counts if text]
        self.unknown[block] = (
            int((~unknown).sum()),
            sum(counts[text] for text in named),
            named[: _SHOWN + 1],
        )

    def described(self, file: Path, *, refuses: bool) -> str | None:
        """How many rows name what is not there, in a sentence; None: none do.

        Args:
            file: Where they stand.
            refuses: Whether it is an error that all of them do.

        Raises:
            DataError: If that is so.
        """
        known = sum(found for found, _, _ in self.unknown.values())
        unknown = sum(found for _, found, _ in self.unknown.values())
        if not unknown:
            return None
        first = list(dict.fromkeys(text for _, _, some in self.unknown.values() for text in some))
        other, column = self.table.files[0].path, shown(self.join.column)
        if not known and refuses:
            there = next(iter(self.place_of))
            raise DataError(
                f"{file}, {column}: no row has what {other} has: {cut(first[0], 40)!r} here, "
                f"{cut(there, 40)!r} there",
                hint=f"keys are compared as they are written; is {shown(self.join.key)} the right column?",
            )
        names = ", ".join(cut(text, 40) for text in first[:_SHOWN])
        more = ", …" if len(first) > _SHOWN else ""
        return (
            f"{file}: {unknown:,} of {known + unknown:,} rows have in {column} what {other} has not "
            f"({names}{more}): its columns are missing there"
        )


def canonical(key: str) -> str:
    """A key as it is compared: a whole number that a table writes with a fraction is one.

    >>> canonical("12.0"), canonical("012"), canonical("1.5")
    ('12', '012', '1.5')
    """
    whole = _WHOLE.fullmatch(key)
    return whole[1] if whole else key


def _numbered(cells: Cells, place_of: dict[str, int]) -> np.ndarray:
    """The place of each cell's text among all that there are, to which new ones are added."""
    import numpy as np

    texts, places = cells.encoded()
    known = [place_of.setdefault(text, len(place_of)) for text in texts]
    found: np.ndarray = np.array(known, np.int32)[places]
    return found


def _each(cells: Cells) -> list[str]:
    texts, places = cells.encoded()
    return [texts[place] for place in places.tolist()]


def _places_of(keys: Sequence[str], join: Join, table: Table) -> Mapping[str, int]:
    """The row of each key.

    Raises:
        DataError: If a row has none, or that of another one.
    """
    found: dict[str, int] = {}
    for row, key in enumerate(keys):
        if not key:
            raise DataError(
                f"{table.place(row)}, {shown(join.key)}: no value, by which the row would be found",
                hint="give it one, or leave the row out",
            )
        if (first := found.setdefault(key, row)) != row:
            here, there = (f"{path}{line}" for path, line in table.places([row, first]))
            twice = len(keys) - len({*keys})
            more = f" ({twice:,} such rows)" if twice > 1 else ""
            raise DataError(
                f"{here}, {shown(join.key)}: {cut(key, 40)!r} is in {there} too{more}",
                hint="a table that is joined has one row for each key: leave the others out",
            )
    return found


class JoinedFile(TableFile):
    """A file with the columns of other tables beside its own.

    Args:
        file: It.
        number: Which file of its table it is.
        joined: The other tables, by the name of the file's column that names their rows.
        own: Columns of others that the file has itself, which stay its own.
    """

    def __init__(
        self, file: TableFile, number: int, joined: Mapping[str, Keyed], own: Sequence[str] = ()
    ) -> None:
        self._file, self._number, self._joined = file, number, joined
        self._keyed_of = {
            name: (column, keyed)
            for column, keyed in joined.items()
            for name in keyed.columns
            if name not in own
        }
        self.path, self.notes, self.format = file.path, file.notes, file.format
        self.has_lines = file.has_lines
        self.names = [*file.names, *self._keyed_of]
        self.lists = file.lists | self._named("lists")
        self.vectors = file.vectors | self._named("vectors")

    def keys_of(self, column: str) -> Sequence[str]:
        """The keys of the table that is joined by a column, in the order of its rows; none where none is."""
        keyed = self._joined.get(column)
        return () if keyed is None else list(keyed.place_of)

    def columns_by(self, column: str) -> Sequence[str]:
        """The columns of the table that is joined by a column; none where none is."""
        return [name for name, (by, _) in self._keyed_of.items() if by == column]

    def _named(self, which: str) -> frozenset[str]:
        """The columns of other tables that are of lists, or of lists of numbers."""
        found = (
            f"{keyed.join.prefix}{name}"
            for keyed in self._joined.values()
            for name in getattr(keyed.table, which)
        )
        return frozenset(name for name in found if name in self._keyed_of)

    @property
    def decimals(self) -> Mapping[str, str]:
        return self._file.decimals

    @decimals.setter
    def decimals(self, decimals: Mapping[str, str]) -> None:
        self._file.decimals = decimals

    def pieces(self, wanted: Mapping[str, Use]) -> Iterator[Callable[[], Block]]:
        keys = dict.fromkeys(self._keyed_of[name][0] for name in wanted if name in self._keyed_of)
        own = [name for name in wanted if name not in self._keyed_of]
        # How many rows a block has, cells of some column say.
        columns = list(dict.fromkeys([*own, *keys])) or [self._file.names[0]]
        for number, make in enumerate(self._file.pieces(_Followed(columns, keys, wanted))):
            yield partial(self._piece, make, number, columns, list(wanted))

    def _piece(
        self, make: Callable[[], Block], number: int, columns: Sequence[str], wanted: Sequence[str]
    ) -> Block:
        block = make()
        if not block.num_rows:
            return block
        cells = dict(zip(columns, block.cells, strict=True))
        rows: dict[str, np.ndarray] = {}
        for name in wanted:
            if name in cells:
                continue
            column, keyed = self._keyed_of[name]
            if column not in rows:
                rows[column] = keyed.rows_of(cells[column])
                keyed.note((self._number, number), cells[column], rows[column])
            cells[name] = keyed.columns[name].taken(rows[column])
        return replace(block, cells=[cells[name] for name in wanted])


class _Followed(Mapping[str, Use]):
    """What the cells of a file's own columns are asked for, which may change while blocks are made.

    Args:
        columns: These columns.
        keys: Those of them by which rows of others are found: by their texts, as they are written.
        wanted: What is asked for.
    """

    def __init__(self, columns: Sequence[str], keys: Collection[str], wanted: Mapping[str, Use]) -> None:
        self._columns, self._keys, self._wanted = columns, keys, wanted

    def __getitem__(self, name: str) -> Use:
        use = self._wanted.get(name, "few")
        return "any" if name in self._keys and use == "number" else use

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def joined(table: Table, others: Sequence[Keyed], *, keeps_own: bool = False) -> Table:
    """A table with the columns of others beside its own.

    Args:
        table: It.
        others: What is joined to it.
        keeps_own: Whether a column that both have is the table's own; else that is refused.

    Raises:
        DataError: If it lacks a column that names rows, or two columns have one name.
    """
    path, known = table.files[0].path, dict.fromkeys(table.names, table.files[0].path)
    for keyed in others:
        if keyed.join.column not in table.names:
            raise no_column(path, table.names, keyed.join.column)
        for name in keyed.columns:
            other = keyed.table.files[0].path
            if name in known and not (keeps_own and name in table.names):
                raise DataError(
                    f"{other}, {shown(name)}: {known[name]} has a column of that name too",
                    hint=f"write prefix: {shown(keyed.join.column)}_ in join, which its columns get in front",
                )
            known[name] = other
    by_column = {keyed.join.column: keyed for keyed in others}
    own = [name for name in table.names if keeps_own]
    files = [JoinedFile(file, number, by_column, own) for number, file in enumerate(table.files)]
    return replace(table, files=files, names=tuple(files[0].names) if files else table.names)
