"""The cells of a model's columns in a block of rows as values; rows with something wrong are named."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.kinds.cells import Cells, Held
from bigmodel_cli.kinds.row.blocks.sent import key_of_sent
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.kept_joins import joins_of
from bigmodel_cli.sources.tables.cells import Cells as CellTexts
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.joined import Join, Keyed, joined
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.numbers import Notation
from bigmodel_cli.sources.tables.readers import Reader, reader_of
from bigmodel_cli.sources.tables.table import Block, Table, open_table
from bigmodel_cli.sources.tables.text_format import TextFormat

# What the columns of a table without a header are called.
_NAMELESS = "column_"
SET = "--set"


@dataclass(frozen=True)
class Written:
    """How tables are written, as the run's config says.

    Attributes:
        format: What is told of the text.
        names: What columns are called in files, where that is another name than here.
        joined: Other tables of which rows get columns.
    """

    format: TextFormat
    names: Mapping[str, str]
    joined: Sequence[Keyed] = ()

    @classmethod
    def of(cls, record: Mapping[str, Any] | None, kind: RowKind) -> Written:
        told = dict((record or {}).get("format") or {})
        names = dict((record or {}).get("names") or {})
        if told.get("missing") is not None:
            told["missing"] = tuple(told["missing"])
        if told.get("header") is None:
            # Names that nobody gives stand in no file.
            told["header"] = not all(names.get(name, name).startswith(_NAMELESS) for name in kind.columns)
        joined = [_keyed(join, told.get("missing")) for join in joins_of(record or {})]
        return cls(TextFormat(**told), names, joined)

    def opened(self, path: Path | str, columns: Collection[str]) -> tuple[Table, Sequence[Keyed]]:
        """A table in which rows that are wrong are kept, with the columns of others as far as it lacks them.

        With it these others, which take note of what rows name that is not there.

        Args:
            path: Of the table.
            columns: What the model calls the columns that it takes.

        Raises:
            DataError: If it is no table, or does not say which rows of the others are meant.
        """
        table = open_table(path, self.format, keeps_wrong=True)
        lacking = {self.names.get(name, name) for name in columns} - {*table.names}
        needed = [replace(keyed, unknown={}) for keyed in self.joined if lacking & {*keyed.columns}]
        return (joined(table, needed, keeps_own=True) if needed else table), needed

    def joined_by(self, name: str) -> list[Keyed]:
        """The tables whose rows a column names, by what the run's config calls it."""
        return [keyed for keyed in self.joined if self.here(keyed.join.column) == name]

    def keys(self, columns: Collection[str]) -> list[str]:
        """The columns by which rows of other tables are named, and which the model does not take itself."""
        named = (self.here(keyed.join.column) for keyed in self.joined)
        return [name for name in named if name not in columns]

    def with_joined(self, row: Mapping[str, Any], columns: Collection[str]) -> Mapping[str, Any]:
        """A row with the columns of other tables that it lacks; without keys that the model does not take.

        Args:
            row: Values by what the model calls them.
            columns: What it takes.
        """
        found: dict[str, Any] = {}
        for keyed in self.joined:
            key = key_of_sent(row.get(self.here(keyed.join.column)))
            if key is not None:
                # As in training, a row that is not there has no values.
                values = keyed.values_of(key) or dict.fromkeys(keyed.columns)
                found |= {self.here(name): value for name, value in values.items()}
        # What names no row, and is something, stays: it is refused as what no model takes.
        left_out = [
            name for name in self.keys(columns) if row.get(name) is None or key_of_sent(row[name]) is not None
        ]
        own = {name: value for name, value in row.items() if name not in left_out}
        return {**{name: value for name, value in found.items() if name in columns}, **own}

    def not_there(self, row: Mapping[str, Any], columns: Collection[str]) -> Iterator[str]:
        """A sentence for each table that lacks what a row names, and so columns that the model takes."""
        for keyed in self.joined:
            name = self.here(keyed.join.column)
            key = key_of_sent(row.get(name))
            lacking = {self.here(one) for one in keyed.columns} & {*columns} - {*row}
            if key and lacking and keyed.values_of(key) is None:
                other = keyed.table.files[0].path
                yield f"{shown(name)}: {other} has no {cut(key, 40)!r}: its columns are missing"

    def here(self, name: str) -> str:
        """What the run's config calls a column of files."""
        return next((here for here, there in self.names.items() if there == name), name)

    def in_files(self, column: str, names: Sequence[str]) -> str:
        """What a column is called in a file that has columns of some names."""
        there = self.names.get(column, column)
        return there if there in names or column not in names else column


@lru_cache(maxsize=8)
def _keyed(join: Join, missing: tuple[str, ...] | None) -> Keyed:
    """A table that is joined, read once: a server is asked again and again."""
    return Keyed.read(join, TextFormat(missing=missing))


def _facts(name: str, kind: Any) -> ColumnFacts:
    """How a column's cells are read."""
    reading = part_of(kind, Cells).reading()
    if "notation" in reading:
        reading["notation"] = Notation(*reading["notation"])
    return ColumnFacts(name, reason="as in training", rows=0, **reading)


@dataclass
class Columns:
    """The columns of one table as a model takes them.

    Attributes:
        kind: What the model takes.
        facts: How the cells of each column are read.
        readers: What reads them.
    """

    kind: RowKind
    facts: Mapping[str, ColumnFacts]
    readers: Mapping[str, Reader]

    @classmethod
    def of(cls, kind: RowKind, table: Table, written: Written) -> Columns:
        facts = {name: _facts(written.in_files(name, table.names), one) for name, one in kind.columns.items()}
        for file in table.files:
            file.decimals = {one.name: one.notation.decimal for one in facts.values()}
        return cls(kind, facts, {name: reader_of(table, one) for name, one in facts.items()})

    def read(
        self, block: Block, cells: Mapping[str, CellTexts], places: Places, needed: Collection[str]
    ) -> ReadRows:
        """The values of a block; rows in which something is wrong have an error.

        Args:
            block: It.
            cells: Of the model's columns.
            places: Say where a row stands.
            needed: Columns in which no value may be missing.
        """
        held: dict[str, Held] = {}
        errors = {row: f"{places.name(row)}{problem}" for row, problem in block.wrong.items()}
        for name, reader in self.readers.items():
            values, wrong = reader.with_wrong(block, cells[name])
            part = part_of(self.kind.columns[name], Cells)
            held[name] = part.held(values)
            for row, text in wrong.items():
                found = f"expected {part.expected}, found {cut(text, 60)!r}"
                errors.setdefault(row, f"{places.of(row, name)}: {found}")
            for row, found in part.misfits(values).items():
                errors.setdefault(row, f"{places.of(row, name)}: expected {part.expected}, found {found}")
            if name in needed:
                for row in _missing(held[name]).tolist():
                    why = "no value, and nothing in the model's preprocessing fills it in"
                    errors.setdefault(row, f"{places.of(row, name)}: {why}")
        return ReadRows(held, errors)


@dataclass(frozen=True)
class ReadRows:
    """Columns of some rows, and what is wrong with some of them."""

    held: Mapping[str, Held]
    errors: dict[int, str]


def _missing(column: Held) -> np.ndarray:
    """The rows that have no number."""
    return np.flatnonzero(np.isnan(column.array.reshape(len(column), -1)).any(axis=1))


@dataclass(frozen=True)
class Places:
    """Where the rows of a block stand, as errors and lines name them.

    Attributes:
        lines: Of each row; None: there is one row, which is named column by column.
        file: What it is called.
        has_lines: Whether rows stand in lines.
    """

    lines: Sequence[int] | None
    file: str = SET
    has_lines: bool = True

    def name(self, row: int) -> str:
        if self.lines is None:
            return self.file
        return f"{self.file}:{self.lines[row]}" if self.has_lines else f"{self.file}, row {self.lines[row]:,}"

    def of(self, row: int, column: str) -> str:
        return f"{SET} {shown(column)}" if self.lines is None else f"{self.name(row)}, {shown(column)}"
