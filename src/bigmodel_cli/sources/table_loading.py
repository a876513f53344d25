"""A table from its files to columns: opened, looked at, and read as the kinds that its columns have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import Cells, EarlierRows, column_kinds, found_kinds
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import class_called, part_of
from bigmodel_cli.sources.base import LoadContext, Source, SplitName
from bigmodel_cli.sources.spilled import are_large, may_be_large, spilled
from bigmodel_cli.sources.table_columns import IGNORE
from bigmodel_cli.sources.table_examples import TableExamples
from bigmodel_cli.sources.table_histories import histories
from bigmodel_cli.sources.table_remarks import point_out
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.joined import Keyed, joined
from bigmodel_cli.sources.tables.names import no_column, shown
from bigmodel_cli.sources.tables.numbers import Notation
from bigmodel_cli.sources.tables.survey import Survey, survey
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.sources.tables.values import read

if TYPE_CHECKING:
    from bigmodel_cli.sources.table import TableOptions
    from bigmodel_cli.sources.tables.columns import Values


@dataclass
class TableLoading:
    """A table that is being loaded.

    Attributes:
        options: What the config says of it.
        context: What it may use besides.
    """

    options: TableOptions
    context: LoadContext

    def __post_init__(self) -> None:
        self._joined: dict[SplitName, list[Keyed]] = {}
        self._made = self.options.made

    def source(self) -> Source:
        opened = self._opened()
        first = next(iter(opened.values()))
        self._check_names(first)
        names = self._names(first)
        looked = self._surveyed(first, names)
        known = found_kinds()
        roles = [name for name in names if self._has_role(name) or name == self.context.group_by]
        left_out = [name for name in names if looked[name].kind not in known and name not in roles]
        unnamed = {name: one for name, one in looked.items() if not self._has_role(name)}
        point_out(first, unnamed, {name: looked[name].reason for name in left_out}, self.context)
        read = {*looked} - {*left_out} | {*self.context.columns_beside}
        facts = {name: one for name, one in looked.items() if name in read}
        kinds = {
            name: self._kind(first, name, one)
            for name, one in facts.items()
            # Sets of labels are predicted, and are no kind of input.
            if one.kind != "list" or name not in self.options.target_names
        }
        as_read = {name: self._as_read(name, kinds.get(name), facts[name]) for name in facts}
        kinds |= {
            name: self._learnt(first, name, str(self.options.told_kind(name)), None) for name in self._made
        }
        in_files = self._too_large(kinds)
        columns = {
            split: self._read(table, {n: as_read[n] for n in as_read if n not in in_files})
            for split, table in opened.items()
        }
        for name, made in self._made.items():
            for split, lists in histories(opened, self._in_files(made)).items():
                columns[split][name] = lists
        in_their_files = {
            split: spilled(table, {name: as_read[name] for name in in_files}, kinds) if in_files else {}
            for split, table in opened.items()
        }
        self._point_out_unknown(opened)
        return TableExamples(self.options, self.context, opened, kinds, left_out).source(
            columns, in_their_files
        )

    def _too_large(self, kinds: Mapping[str, Kind]) -> list[str]:
        """The columns that stay in files, since all together do not fit into memory."""
        if not are_large(self._kept[1].num_rows, kinds):
            return []
        self.context.warn("the table is larger than memory: its columns are read from files, which is slower")
        roles = (*self.options.target_columns, *self.context.columns_beside, self.options.sample_weight)
        return [name for name, kind in kinds.items() if name not in roles and part_of(kind, Cells).may_spill]

    def _paths(self) -> Iterator[tuple[SplitName, Any]]:
        yield "train", self.options.path
        if self.options.validation is not None:
            yield "validation", self.options.validation
        if self.options.test is not None:
            yield "test", self.options.test

    def _opened(self) -> dict[SplitName, Table]:
        told = self.options.text_format
        opened = {split: open_table(paths, told) for split, paths in self._paths()}
        if not self.options.joins:
            return opened
        others = [Keyed.read(join, told) for join in self.options.joins]
        # What is not there is counted for each split.
        self._joined = {split: [replace(other, unknown={}) for other in others] for split in opened}
        return {split: joined(table, self._joined[split]) for split, table in opened.items()}

    def _point_out_unknown(self, opened: Mapping[SplitName, Table]) -> None:
        """Tell of rows that name what a joined table has not."""
        for split, table in opened.items():
            for keyed in self._joined.get(split, ()):
                if (said := keyed.described(table.files[0].path, refuses=split == "train")) is not None:
                    self.context.warn(said)

    def _check_names(self, table: Table) -> None:
        options = self.options
        asked = [*options.columns, *options.target_columns, *self.context.columns_beside]
        asked += [options.sample_weight] if options.sample_weight else []
        asked += [name for made in self._made.values() for name in made.columns]
        for name in asked:
            if name not in self._made and options.in_files(name) not in table.names:
                raise no_column(table.files[0].path, table.names, options.in_files(name))
        for name in self._made:
            if name in table.names:
                raise DataError(
                    f"{table.files[0].path}, {shown(name)}: is there, and columns says to make it of others",
                    hint="give what is made another name",
                )

    def _in_files(self, made: EarlierRows) -> EarlierRows:
        """The same with the names that its columns have in the files."""
        of, by = map(self.options.in_files, (made.of, made.by))
        return EarlierRows(
            of, by, None if made.time is None else self.options.in_files(made.time), made.length
        )

    def _has_role(self, name: str) -> bool:
        roles = (*self.options.target_columns, self.options.sample_weight)
        return name in roles or self.options.told_kind(name) is not None

    def _names(self, table: Table) -> list[str]:
        """The columns that are read, as they are called here."""
        renamed = {self.options.in_files(name): name for name in self.options.columns}
        names = [renamed.get(name, name) for name in table.names]
        return [
            name
            for name in names
            if self.options.told_kind(name) != IGNORE or name in self.context.columns_beside
        ]

    def _surveyed(self, table: Table, names: Sequence[str]) -> dict[str, ColumnFacts]:
        options = self.options
        told: dict[str, Any] = {
            options.in_files(name): _cells_of(kind).looked_at_as or kind
            for name in names
            if (kind := options.told_kind(name)) not in (None, IGNORE)
        }
        if options.sample_weight is not None:
            told.setdefault(options.in_files(options.sample_weight), "number")
        for name in options.users:
            # Whoever has items is called so, be it by a number, and be it no input.
            told.setdefault(options.in_files(name), "category")
        leave_out = [name for name in table.names if name not in set(map(options.in_files, names))]
        found = survey(table, told, leave_out=leave_out, keep=not may_be_large(table))
        self._kept: tuple[Table, Survey] = (table, found)
        return {name: found.columns[options.in_files(name)] for name in names}

    def _kind(self, table: Table, name: str, facts: ColumnFacts) -> Kind:
        kind = facts.kind if facts.kind not in ("id", "constant") else "category"
        if kind not in column_kinds():
            raise DataError(
                f"{table.files[0].path}, {shown(name)}: expected one of {', '.join(column_kinds())}; "
                f"found {facts.reason}",
                hint=f"columns: {{{shown(name)}: ignore}} leaves it out",
            )
        told = self.options.told_kind(name)
        if told is not None and told != IGNORE and _cells_of(told).looked_at_as == kind:
            return self._learnt(table, name, told, facts)
        return self._learnt(table, name, kind, facts)

    def _learnt(self, table: Table, name: str, kind: str, facts: ColumnFacts | None) -> Kind:
        cells = _cells_of(kind)
        try:
            # A run's own config was checked when it was written, and may have been changed since.
            cells.check_options(self.options.told_options(name))
            found: Kind = cells.learnt(facts, self.options.told_options(name))
        except ValueError as error:
            raise DataError(f"{table.files[0].path}, {shown(name)}: {error}") from None
        return found

    def _as_read(self, name: str, kind: Kind | None, facts: ColumnFacts) -> ColumnFacts:
        reading = {} if kind is None else part_of(kind, Cells).reading()
        if "notation" in reading:
            reading["notation"] = Notation(*reading["notation"])
        found = replace(facts, name=self.options.in_files(name), **reading)
        is_moment = name in (*self.options.times, self.context.order_by)
        return replace(found, is_exact=is_moment and found.kind == "number")

    def _read(self, table: Table, facts: Mapping[str, ColumnFacts]) -> dict[str, Values]:
        surveyed, found = self._kept
        wanted = {one.name: one for one in facts.values()}
        if table is not surveyed:
            for name in wanted:
                if name not in table.names:
                    raise no_column(table.files[0].path, table.names, name)
        values = read(table, wanted, found.kept if table is surveyed else None)
        return {name: values[one.name] for name, one in facts.items()}


def _cells_of(kind: str) -> type[Cells]:
    """How cells of a kind become values."""
    found: type[Cells] = class_called("kinds", kind, "cells", Cells.__name__)
    return found
