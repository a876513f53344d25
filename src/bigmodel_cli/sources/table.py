"""Rows of a table: CSV, TSV, JSON lines, Parquet and the like."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, StrictBool, model_validator
from pydantic_core import PydanticKnownError

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.kinds.cells import Cells, column_kinds, found_kinds
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import class_called, part_of
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.spilled import are_large, may_be_large, spilled
from bigmodel_cli.sources.stores import ArrayStore, CodedStore, Store
from bigmodel_cli.sources.table_files import TableFiles, files_of
from bigmodel_cli.sources.table_targets import MissingTarget, TargetOptions, TargetReader
from bigmodel_cli.sources.tables.facts import ColumnFacts
from bigmodel_cli.sources.tables.names import listed, no_column, shown
from bigmodel_cli.sources.tables.numbers import Notation
from bigmodel_cli.sources.tables.survey import Survey, survey
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.sources.tables.text_format import TextFormat
from bigmodel_cli.sources.tables.values import read

if TYPE_CHECKING:
    from bigmodel_cli.sources.tables.columns import Values

IGNORE = "ignore"
# Of categories that are as many as this part of the rows, most are in one row alone.
_MOST_SHARE = 0.3


def _column(told: str | dict[str, Any]) -> str | dict[str, Any]:
    """Check what is said of a column.

    Raises:
        ValueError: If it is no kind.
    """
    names = [*column_kinds(), IGNORE]
    others = [told] if isinstance(told, str) else [key for key in told if key != "from"]
    unknown = [key for key in others if key not in names]
    if unknown:
        # Worded and put right as other words that may be chosen from are.
        expected = ", ".join(map(repr, names[:-1])) + f" or {names[-1]!r}"
        raise PydanticKnownError("literal_error", {"expected": expected})
    if isinstance(told, str):
        return told
    if len(others) > 1 or not told:
        raise ValueError("expected one kind with its options, such as {date: {parts: [year]}}")
    if "from" in told and (not isinstance(told["from"], str) or not told["from"]):
        raise ValueError(f"from: expected the name that the column has in the file, found {told['from']!r}")
    if others and not isinstance(told[others[0]], dict | None):
        raise ValueError(f"expected the options of {others[0]} as a mapping, found {told[others[0]]!r}")
    return told


Told = Annotated[str | dict[str, Any], AfterValidator(_column)]


class TableOptions(SourceOptions):
    """Rows of CSV, TSV, JSON lines, Parquet or Feather files; a column is an input, a target, or left out."""

    source_name: ClassVar[str] = "table"
    example: ClassVar[str] = "{table: {path: people.csv, target: income}}"

    path: ConfigPath | list[ConfigPath] = Field(
        description="The file, several, or a pattern such as `part-*.csv`; it may be compressed."
    )
    test: ConfigPath | list[ConfigPath] | None = Field(
        default=None, description="The same of a test split, where it has files of its own."
    )
    validation: ConfigPath | list[ConfigPath] | None = Field(
        default=None, description="The same of a validation split."
    )
    target: str | list[str] | dict[str, TargetOptions] = Field(
        description="The column that is to be predicted, several, or each with its options."
    )
    columns: dict[str, Told] = Field(
        default={},
        description="What columns are: a kind, a kind with its options, or ignore; `{new: {from: old}}` "
        "gives a column another name. Columns that are not named are looked at.",
    )
    sample_weight: str | None = Field(
        default=None, description="The column that says what each example counts in the loss."
    )
    missing_target: MissingTarget = Field(
        default="stop",
        description="What happens where a row has no target: stop, drop the row, or of several targets mask: "
        "the row trains those that it has.",
    )
    missing: list[str] | None = Field(
        default=None,
        description="Texts that mean that there is no value, as an empty cell does; default: the usual.",
    )
    separator: str | None = Field(
        default=None, description="The character between cells; default: recognised."
    )
    encoding: str | None = Field(default=None, description="Of the characters; default: recognised.")
    quotes: StrictBool | None = Field(
        default=None, description="Whether quotes can enclose a cell; default: recognised."
    )
    header: StrictBool | None = Field(
        default=None,
        description="Whether the first row names the columns, which are column_1, column_2, … else; default: "
        "recognised.",
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="What stands before the fraction of a number; default: recognised."
    )
    thousands: str | None = Field(
        default=None, description="What stands between groups of three digits; default: recognised."
    )
    comments: str | None = Field(default=None, description="What lines begin with that are no rows.")
    skip: int | None = Field(default=None, ge=0, description="Lines above the header that are no rows.")

    @model_validator(mode="after")
    def _roles(self) -> TableOptions:
        if not all(self.target_names) or not self.target_names:
            raise ValueError("target: expected the name of at least one column")
        if len(set(self.target_names)) < len(self.target_names):
            raise ValueError("target: expected names that differ")
        for name in self.target_columns:
            if self.told_kind(name) == IGNORE:
                raise ValueError(f"target: {name!r} is a column that columns says to ignore")
        try:
            self.text_format  # noqa: B018
        except UsageError as error:
            raise ValueError(error.message) from None
        if self.sample_weight in self.target_columns:
            raise ValueError(f"sample_weight: {self.sample_weight!r} is the target")
        if self.missing_target == "mask" and len(self.target_names) == 1:
            raise ValueError(
                "missing_target: mask is for several targets, of which a row has some; write drop, since "
                "without the only one a row trains nothing"
            )
        return self

    @property
    def named_columns(self) -> Collection[str]:
        return [name for name in self.columns if self.told_kind(name) is not None]

    @property
    def target_names(self) -> tuple[str, ...]:
        return (self.target,) if isinstance(self.target, str) else tuple(self.target)

    @property
    def target_columns(self) -> tuple[str, ...]:
        """The columns that targets are made of."""
        of_targets = (self.told_target(name).columns or (name,) for name in self.target_names)
        return tuple(column for columns in of_targets for column in columns)

    def told_target(self, name: str) -> TargetOptions:
        return self.target[name] if isinstance(self.target, dict) else TargetOptions()

    def _told_labels(self, name: str) -> Literal["classes", "numbers", "sets"] | None:
        """What a target's labels are, as far as that is told."""
        target, kind = self.told_target(name), self.told_kind(name)
        if target.separator is not None or target.columns is not None:
            return "sets"
        return "classes" if kind == "category" else "numbers" if kind == "number" else None

    def facts(self) -> DataFacts:
        told = [self._told_labels(name) for name in self.target_names]
        others = {*self.target_columns, self.sample_weight}
        kinds = {name: self.told_kind(name) or "" for name in self.columns if name not in others}
        return DataFacts(
            told[0] if len(set(told)) == 1 else None,
            by_target={name: DataFacts(kind) for name, kind in zip(self.target_names, told, strict=True)},
            columns={name: kind for name, kind in kinds.items() if kind != IGNORE},
            ignored=frozenset(name for name, kind in kinds.items() if kind == IGNORE),
            told={
                name: (kind, self.told_options(name))
                for name in self.columns
                if (kind := self.told_kind(name)) not in (None, IGNORE)
            },
        )

    def load(self, context: LoadContext) -> Source:
        return _Loading(self, context).source()

    @property
    def text_format(self) -> TextFormat:
        """How the files are written, as far as that is told."""
        missing = None if self.missing is None else tuple(self.missing)
        names = ("separator", "encoding", "quotes", "header", "decimal", "thousands", "comments", "skip")
        return TextFormat(**{name: getattr(self, name) for name in names}, missing=missing)

    @property
    def rows_written(self) -> Mapping[str, Any]:
        names = {name: self.in_files(name) for name in self.columns if self.in_files(name) != name}
        return {"format": vars(self.text_format), "names": names}

    def told_kind(self, name: str) -> str | None:
        """The kind that a column is said to be of; None where nobody says."""
        told = self.columns.get(name)
        if isinstance(told, dict):
            return next((key for key in told if key != "from"), None)
        return told

    def told_options(self, name: str) -> Mapping[str, Any]:
        """What is said of its kind."""
        told, kind = self.columns.get(name), self.told_kind(name)
        return (told.get(kind) or {}) if isinstance(told, dict) and kind is not None else {}

    def in_files(self, name: str) -> str:
        """What a column is called in the files."""
        told = self.columns.get(name)
        return str(told["from"]) if isinstance(told, dict) and "from" in told else name


@dataclass
class _Loading:
    """A table that is being loaded."""

    options: TableOptions
    context: LoadContext

    def source(self) -> Source:
        opened = {split: self._opened(paths) for split, paths in self._paths()}
        first = next(iter(opened.values()))
        self._check_names(first)
        names = self._names(first)
        looked = self._surveyed(first, names)
        known = found_kinds()
        roles = [name for name in names if self._has_role(name) or name == self.context.group_by]
        left_out = [name for name in names if looked[name].kind not in known and name not in roles]
        self._point_out(first, looked, left_out)
        read = {*looked} - {*left_out} | {*self.context.columns_beside}
        facts = {name: one for name, one in looked.items() if name in read}
        kinds = {
            name: self._kind(first, name, one)
            for name, one in facts.items()
            # Sets of labels are predicted, and are no kind of input.
            if one.kind != "list" or name not in self.options.target_names
        }
        as_read = {name: self._as_read(name, kinds.get(name), facts[name]) for name in facts}
        in_files = self._too_large(kinds)
        columns = {
            split: self._read(table, {n: as_read[n] for n in as_read if n not in in_files})
            for split, table in opened.items()
        }
        self._spilled = {
            split: spilled(table, {name: as_read[name] for name in in_files}, kinds) if in_files else {}
            for split, table in opened.items()
        }
        return self._assembled(opened, columns, kinds, left_out)

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

    def _opened(self, paths: Path | list[Path]) -> Table:
        return open_table(paths, self.options.text_format)

    def _check_names(self, table: Table) -> None:
        options = self.options
        asked = [*options.columns, *options.target_columns, *self.context.columns_beside]
        asked += [options.sample_weight] if options.sample_weight else []
        for name in asked:
            if options.in_files(name) not in table.names:
                raise no_column(table.files[0].path, table.names, options.in_files(name))

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
            options.in_files(name): kind
            for name in names
            if (kind := options.told_kind(name)) not in (None, IGNORE)
        }
        if options.sample_weight is not None:
            told.setdefault(options.in_files(options.sample_weight), "number")
        leave_out = [name for name in table.names if name not in set(map(options.in_files, names))]
        found = survey(table, told, leave_out=leave_out, keep=not may_be_large(table))
        self._kept: tuple[Table, Survey] = (table, found)
        return {name: found.columns[options.in_files(name)] for name in names}

    def _point_out(self, table: Table, looked: Mapping[str, ColumnFacts], left_out: Sequence[str]) -> None:
        path = table.files[0].path
        for note in table.notes:
            self.context.warn(note)
        for name, facts in looked.items():
            if self._is_scattered(name, facts):
                self.context.warn(
                    f"{path}, {shown(name)}: {facts.distinct:,} different texts in {facts.rows:,} rows were "
                    "taken for categories, from which little is learnt; is it number, text or ignore?"
                )
        if self.context.column_left_out is not None:
            for name in left_out:
                self.context.column_left_out(name, looked[name].reason)
        elif left_out:
            reasons = ", ".join(f"{shown(name)} ({looked[name].reason})" for name in left_out[:5])
            more = "" if len(left_out) <= 5 else f" and {len(left_out) - 5} more"
            self.context.warn(f"{path}: left out: {reasons}{more}; columns: {{NAME: KIND}} takes one in")

    def _is_scattered(self, name: str, facts: ColumnFacts) -> bool:
        """Whether most categories of a column that nobody named are in a row alone."""
        is_category = facts.kind == "category" and not self._has_role(name)
        return is_category and (facts.distinct or 0) > _MOST_SHARE * facts.rows

    def _kind(self, table: Table, name: str, facts: ColumnFacts) -> Kind:
        kind = facts.kind if facts.kind not in ("id", "constant") else "category"
        if kind not in column_kinds():
            raise DataError(
                f"{table.files[0].path}, {shown(name)}: expected one of {', '.join(column_kinds())}; "
                f"found {facts.reason}",
                hint=f"columns: {{{shown(name)}: ignore}} leaves it out",
            )
        cells = class_called("kinds", kind, "cells", Cells.__name__)
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
        return replace(facts, name=self.options.in_files(name), **reading)

    def _read(self, table: Table, facts: Mapping[str, ColumnFacts]) -> dict[str, Values]:
        surveyed, found = self._kept
        wanted = {one.name: one for one in facts.values()}
        if table is not surveyed:
            for name in wanted:
                if name not in table.names:
                    raise no_column(table.files[0].path, table.names, name)
        values = read(table, wanted, found.kept if table is surveyed else None)
        return {name: values[one.name] for name, one in facts.items()}

    def _assembled(
        self,
        opened: Mapping[SplitName, Table],
        columns: Mapping[SplitName, Mapping[str, Values]],
        kinds: Mapping[str, Kind],
        left_out: Sequence[str],
    ) -> Source:
        options = self.options
        told = {name: options.told_target(name) for name in options.target_names}
        targets = TargetReader(told, options.missing_target, opened, self.context).read(columns, kinds)
        beside = [name for name in self.context.columns_beside if name in kinds]
        others = {*options.target_columns, options.sample_weight}
        ignored = {name for name in beside if options.told_kind(name) == IGNORE} | {*left_out}
        if self.context.group_by is not None and options.told_kind(self.context.group_by) is None:
            ignored.add(self.context.group_by)
        inputs = [name for name in kinds if name not in others | ignored]
        if not inputs:
            what = listed(options.target_names)
            raise DataError(f"{opened['train'].files[0].path}: no column is left to predict {what} from")
        files = self._files(opened, columns, {name: kinds[name] for name in {*inputs, *beside}})
        splits = {}
        for split, values in columns.items():
            origin = opened[split].files[0].path.name
            stores: dict[str, Store] = {**self._spilled[split], **files.stores[split]}
            stores |= {
                name: self._store(kinds[name], values[name], origin)
                for name in {*inputs, *beside}
                if name not in stores
            }
            if not len(next(iter(stores.values()))):
                raise DataError(f"{opened[split].files[0].path}: no rows")
            examples = Examples(
                {name: stores[name] for name in inputs},
                targets.values[split],
                {name: stores[name] for name in beside} | self._order(values, kinds, origin),
                self._weights(opened[split], values),
                opened[split].place,
                targets.known[split],
            )
            keep = targets.kept[split]
            splits[split] = files.sound(examples, split, keep, targets.tasks, self.context)
        signature = Signature({name: kinds[name] for name in inputs}, targets.tasks)
        return Source(splits, signature, looked_at=self._looked_at(kinds, [*ignored]))

    def _order(
        self, values: Mapping[str, Values], kinds: Mapping[str, Kind], origin: str
    ) -> dict[str, Store]:
        """The column whose order decides splits."""
        name = self.context.order_by
        if name is None:
            return {}
        order = part_of(kinds[name], Cells).order(values[name])
        if order is None:
            raise DataError(
                f"{origin}, {shown(name)}: a {kinds[name].noun} is not earlier or later than another",
                hint=f"write columns: {{{shown(name)}: date}} where it is one",
            )
        return {name: ArrayStore(order, origin)}

    def _files(
        self,
        opened: Mapping[SplitName, Table],
        columns: Mapping[SplitName, Mapping[str, Values]],
        kinds: Mapping[str, Kind],
    ) -> TableFiles:
        """What stands in the files that columns of paths name."""
        cells = {name: part_of(kind, Cells) for name, kind in kinds.items()}
        paths = {name: part for name, part in cells.items() if part.are_paths}
        held = {
            split: {name: part.held(values[name]) for name, part in paths.items()}
            for split, values in columns.items()
        }
        return files_of(opened, held, kinds, self.context)

    def _store(self, kind: Kind, values: Values, origin: str) -> Store:
        held = part_of(kind, Cells).held(values)
        if held.names is None:
            return ArrayStore(held.array, origin)
        return CodedStore(held.array, held.names, origin)

    def _weights(self, table: Table, values: Mapping[str, Values]) -> Any:
        import numpy as np

        name = self.options.sample_weight
        if name is None:
            return None
        weights: np.ndarray = values[name].values  # type: ignore[union-attr]
        bad = ~(np.isfinite(weights) & (weights >= 0))
        if bad.any():
            row = int(bad.argmax())
            found = "none" if np.isnan(weights[row]) else f"{weights[row]:g}"
            raise DataError(
                f"{table.place(row)}, {shown(name)}: expected a weight of 0 or more, found {found}"
            )
        return weights

    def _looked_at(self, kinds: Mapping[str, Kind], left_out: Sequence[str]) -> TableOptions:
        told: dict[str, Any] = dict(self.options.columns)
        for name, kind in kinds.items():
            if self.options.told_kind(name) is None and name != self.options.sample_weight:
                source = self.options.in_files(name)
                told[name] = kind.name if source == name else {"from": source, kind.name: {}}
        for name in left_out:
            source = self.options.in_files(name)
            told[name] = IGNORE if source == name else {"from": source, IGNORE: {}}
        return self.options.model_copy(update={"columns": told})
