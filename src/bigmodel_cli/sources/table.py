"""Rows of a table: CSV, TSV, JSON lines, Parquet and the like."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

from pydantic import Field, StrictBool, model_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.config.naming import so_far_of
from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.cells import Cells, EarlierRows, WrongOptionError, column_kinds
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import class_called, part_of
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.kept_joins import JOINED
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.strings_option import Strings
from bigmodel_cli.sources.table_columns import IGNORE, Told
from bigmodel_cli.sources.table_join import JoinOptions, as_written, kept_tables
from bigmodel_cli.sources.table_loading import TableLoading
from bigmodel_cli.sources.table_targets import MissingTarget, TargetOptions
from bigmodel_cli.sources.tables.joined import Join
from bigmodel_cli.sources.tables.text_format import TextFormat


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
    join: dict[str, JoinOptions] = Field(
        default={},
        description="Other tables whose columns rows get, by the column that names their rows: "
        "`{item: {path: items.csv, key: id}}`.",
    )
    sample_weight: str | None = Field(
        default=None, description="The column that says what each example counts in the loss."
    )
    missing_target: MissingTarget = Field(
        default="stop",
        description="What happens where a row has no target: stop, drop the row, or of several targets mask: "
        "the row trains those that it has.",
    )
    strings: Strings | None = Field(
        default=None,
        description="Rows are parts of which strings are put together, within each split, drawn by the seed: "
        "sounds one behind the other, with what is said: `{length: [3, 7], count: 3000, within: speaker}`.",
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
        self._check_items()
        self._check_searches()
        self._check_made()
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

    def _check_searches(self) -> None:
        """Raises:
        ValueError: If a target is searched for by what is not for it, or a column is nothing but a target.
        """
        known = {kind: _cells_of(kind) for kind in column_kinds()}
        for name in self.target_names:
            kind = self.told_kind(name)
            takes = known[kind].searched_with if kind in known else ()
            for option in self.told_target(name).searched_with:
                if option not in takes:
                    having = [of for of, cells in known.items() if option in cells.searched_with]
                    raise ValueError(f"target: {name}.{option} is for columns of {' or '.join(having)}")
            search, options = self.told_target(name).searched_with, self.told_options(name)
            if kind in known and (why := known[kind].why_not_searched(options, search)) is not None:
                raise ValueError(f"target: {name}.{why}")
        for name in self.columns:
            kind = self.told_kind(name)
            if kind in known and not known[kind].is_given and name not in self.target_columns:
                raise ValueError(f"columns: {name!r} is a {kind}, which is predicted and no model gets")

    def _check_items(self) -> None:
        """Raises:
        ValueError: If items that are to be found are beside another target, or what is told of them does not
            go together.
        """
        for name in self.given_targets:
            retrieve = self.told_target(name).retrieve
            assert retrieve is not None, "it is given for that"
            if len(self.target_names) > 1:
                raise ValueError("target: items are found by a model of one target")
            if len({name, *retrieve.columns}) < 1 + len(retrieve.columns):
                raise ValueError(f"target: {name}: expected columns that differ, of who had it, and when")
            for history, made in self.made.items():
                if made.by == retrieve.user and made.time not in (None, retrieve.time):
                    raise ValueError(
                        f"target: {name}: retrieve it by time: {made.time}, which orders {history}: who asks "
                        "is as of the latest row"
                    )

    def _check_made(self) -> None:
        """Raises:
        ValueError: If a column that is made of others is a target, or said to be in the files.
        """
        for name in self.made:
            if name in (*self.target_columns, self.sample_weight):
                raise ValueError(f"target: {name!r} is made of rows before, and nothing to be predicted")
            if self.in_files(name) != name:
                raise ValueError(f"columns: {name!r} is made of other columns, and from names one in a file")

    @property
    def made(self) -> Mapping[str, EarlierRows]:
        """Columns that stand in no file, with what they are made of as configs call it; as far as that is
        sound: what is not, `check` says."""
        known = column_kinds()
        found: dict[str, EarlierRows] = {}
        for name in self.columns:
            kind = self.told_kind(name)
            if kind in known:
                with suppress(WrongOptionError):
                    cells, options = _cells_of(str(kind)), self.told_options(name)
                    cells.check_options(options)
                    if (made := cells.made_of(options)) is not None:
                        found[name] = made
        return found

    @property
    def named_columns(self) -> Collection[str]:
        return [name for name in self.columns if self.told_kind(name) is not None]

    @property
    def put_together(self) -> Strings | None:
        return self.strings

    @property
    def target_names(self) -> tuple[str, ...]:
        return (self.target,) if isinstance(self.target, str) else tuple(self.target)

    @property
    def target_columns(self) -> tuple[str, ...]:
        """The columns that targets are made of."""
        of_targets = (self.told_target(name).columns or (name,) for name in self.target_names)
        return tuple(column for columns in of_targets for column in columns)

    @property
    def given_targets(self) -> tuple[str, ...]:
        """Those that a model gets, too: items that are to be found."""
        return tuple(name for name in self.target_names if self.told_target(name).retrieve is not None)

    @property
    def beside_items(self) -> list[str]:
        """The columns that say who had these, and when."""
        told = (self.told_target(name).retrieve for name in self.given_targets)
        return [column for retrieve in told if retrieve is not None for column in retrieve.columns]

    @property
    def users(self) -> list[str]:
        """The columns that say who had these."""
        told = (self.told_target(name).retrieve for name in self.given_targets)
        return [retrieve.user for retrieve in told if retrieve is not None]

    @property
    def times(self) -> list[str]:
        """The columns that say when."""
        told = (self.told_target(name).retrieve for name in self.given_targets)
        return [retrieve.time for retrieve in told if retrieve is not None and retrieve.time is not None]

    def told_target(self, name: str) -> TargetOptions:
        return self.target[name] if isinstance(self.target, dict) else TargetOptions()

    def _told_labels(
        self, name: str
    ) -> Literal["classes", "numbers", "sets", "texts", "transcripts", "masks", "items"] | None:
        """What a target's labels are, as far as that is told."""
        target, kind = self.told_target(name), self.told_kind(name)
        if target.retrieve is not None:
            return "items"
        if kind not in (None, IGNORE) and (labels := _cells_of(str(kind)).labels) is not None:
            return labels
        if target.separator is not None or target.columns is not None:
            return "sets"
        if target.names_classes:
            return "classes"
        return "classes" if kind == "category" else "numbers" if kind == "number" else None

    def facts(self) -> DataFacts:
        told = [self._told_labels(name) for name in self.target_names]
        others = {*self.target_columns, self.sample_weight} - {*self.given_targets}
        kinds = {name: self.told_kind(name) or "" for name in self.columns if name not in others}
        kinds |= {
            so_far_of(name): str(self.told_kind(name))
            for name, labels in zip(self.target_names, told, strict=True)
            if labels == "texts"
        }
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
        beside = list(dict.fromkeys([*context.beside, *self.beside_items]))
        return TableLoading(self, replace(context, beside=beside)).source()

    @property
    def text_format(self) -> TextFormat:
        """How the files are written, as far as that is told."""
        missing = None if self.missing is None else tuple(self.missing)
        names = ("separator", "encoding", "quotes", "header", "decimal", "thousands", "comments", "skip")
        return TextFormat(**{name: getattr(self, name) for name in names}, missing=missing)

    @property
    def rows_written(self) -> Mapping[str, Any]:
        names = {name: self.in_files(name) for name in self.columns if self.in_files(name) != name}
        joined = {JOINED: as_written(self._joins_in_files)} if self.join else {}
        return {"format": vars(self.text_format), "names": names, **joined}

    @property
    def why_not_packed(self) -> str | None:
        if not self.given_targets:
            return None
        return f"target {self.given_targets[0]} is retrieved: packed data have no names of items and users"

    @property
    def tables_beside(self) -> Mapping[str, Path]:
        return kept_tables(self.join)

    @property
    def _joins_in_files(self) -> Mapping[str, JoinOptions]:
        """What is joined, by the column as files call it."""
        return {self.in_files(name): one for name, one in self.join.items()}

    @property
    def joins(self) -> Sequence[Join]:
        """Tables that are joined to each of its own."""
        return [one.join(column) for column, one in self._joins_in_files.items()]

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

    def with_tokenizer(self, name: str, told: Mapping[str, Any]) -> TableOptions:
        # What is kept says itself whether letters are made small.
        column = self._with_options(name, {"tokenizer": told}, without="lowercase")
        return self.model_copy(update={"columns": {**self.columns, name: column}})

    def _with_options(self, name: str, more: Mapping[str, Any], without: str = "") -> dict[str, Any]:
        """What is said of a column whose kind is told, with more options of it."""
        given, kind = self.columns[name], cast(str, self.told_kind(name))
        options = {option: value for option, value in self.told_options(name).items() if option != without}
        return {**(given if isinstance(given, dict) else {}), kind: {**options, **more}}

    def looked_at(self, kinds: Mapping[str, Kind], left_out: Sequence[str]) -> TableOptions:
        """The same with what was found out of columns that nobody named."""
        told: dict[str, Any] = dict(self.columns)
        for name, kind in kinds.items():
            if self.told_kind(name) is None and name != self.sample_weight:
                source = self.in_files(name)
                told[name] = kind.name if source == name else {"from": source, kind.name: {}}
            if noted := part_of(kind, Cells).noted:
                told[name] = self._with_options(name, noted)
        for name in left_out:
            source = self.in_files(name)
            told[name] = IGNORE if source == name else {"from": source, IGNORE: {}}
        return self.model_copy(update={"columns": told})


def _cells_of(kind: str) -> type[Cells]:
    """What is known of cells of a kind."""
    found: type[Cells] = class_called("kinds", kind, "cells", Cells.__name__)
    return found
