"""Columns of a table that are to be predicted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, StrictBool, field_validator, model_validator

from bigmodel_cli.class_names import class_name
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.heard_options import HeardOptions
from bigmodel_cli.sources.label_columns import are_lists, of_columns, of_separated
from bigmodel_cli.sources.label_values import label_values, own_names
from bigmodel_cli.sources.retrieve_option import RetrieveOptions
from bigmodel_cli.sources.table_items import TableItems
from bigmodel_cli.sources.table_masks import TableMasks
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np


MissingTarget = Literal["stop", "drop", "mask"]


class TargetOptions(HeardOptions):
    """How a target is learnt."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    search_options: ClassVar[tuple[str, ...]] = (*HeardOptions.search_options, "length_penalty")

    log: StrictBool = Field(
        default=False,
        description="Learn the logarithm of a number that is never negative (of 1 more than it); scores and "
        "predictions are in its own unit.",
    )
    standardize: StrictBool = Field(
        default=True,
        description="Learn a number less its mean, in standard deviations, of the training split; scores and "
        "predictions are in its own unit.",
    )
    class_names: tuple[str, ...] | None = Field(
        default=None,
        min_length=2,
        description="Names of all classes in index order, of which some may be in no row; without it, those "
        "of the rows in sorted order.",
    )
    separator: str | None = Field(
        default=None,
        min_length=1,
        description="What stands between the labels in a cell, of which a row may have several, or none: "
        '`{tags: {separator: "|"}}`.',
    )
    columns: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Columns of 0 and 1, or yes and no, that are one target together: each is a label that a "
        "row may have; the target's own name is free.",
    )

    retrieve: RetrieveOptions | None = Field(
        default=None,
        description="The column names items, of which the next one is to be found among all that there are: "
        "`{item: {retrieve: {user: user, time: timestamp}}}`; it is an input, too.",
    )
    length_penalty: float | None = Field(
        default=None,
        ge=0,
        le=10,
        description="Of such a text: a larger one prefers longer texts (0.6; Wu et al. 2016).",
    )

    @field_validator("class_names")
    @classmethod
    def _class_names(cls, written: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if written is None else own_names(written)

    @model_validator(mode="after")
    def _one_form(self) -> TargetOptions:
        if self.separator is not None and self.columns is not None:
            raise ValueError(
                "separator is for labels in one column, columns for one column of each: leave one out"
            )
        if self.columns is not None and len(set(self.columns)) < len(self.columns):
            raise ValueError("columns: expected names that differ")
        if self.class_names is not None and (self.separator is not None or self.columns is not None):
            raise ValueError("class_names is for a target that has one class in each row: leave it out")
        told = [
            name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default
        ]
        if self.retrieve is not None and (others := {*told} - {"retrieve"}):
            raise ValueError(f"{min(others)} is not for items that are found: leave it out")
        return self

    @property
    def names_classes(self) -> bool:
        """Whether it is told what all classes are."""
        return self.class_names is not None


@dataclass(frozen=True)
class Targets:
    """The targets of a table.

    Attributes:
        values: By split and target, as `Examples` has them.
        tasks: By target.
        kept: The rows of each split that are examples; None: all of them.
        known: By split, which rows have a target, bool, by the targets that some kept rows lack.
        problems: By split, what is wrong with the files of some rows.
        sought: By split, what scores compare with, by the targets that say less.
    """

    values: Mapping[SplitName, Mapping[str, np.ndarray]]
    tasks: Mapping[str, Task]
    kept: Mapping[SplitName, np.ndarray | None]
    known: Mapping[SplitName, Mapping[str, np.ndarray]]
    problems: Mapping[SplitName, Mapping[int, DataError]]
    sought: Mapping[SplitName, Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class _Present:
    """Which rows of a split have targets.

    Attributes:
        kept: Those that are examples; None: all.
        rows: By target those of them that have it; where it is not there, as `kept`.
        known: As `Targets.known` has it.
    """

    kept: np.ndarray | None = None
    rows: Mapping[str, np.ndarray] = field(default_factory=dict)
    known: Mapping[str, np.ndarray] = field(default_factory=dict)

    def of(self, target: str) -> np.ndarray | None:
        """The rows that have a target and are kept; None: all."""
        return self.rows.get(target, self.kept)


@dataclass(frozen=True)
class TargetReader:
    """Makes targets of columns.

    Attributes:
        told: What the config says of each target.
        missing: What happens where a row has no target, as `missing_target` says.
        opened: The files of each split.
        context: As for `load`.
        in_files: What files call a column.
    """

    told: Mapping[str, TargetOptions]
    missing: MissingTarget
    opened: Mapping[SplitName, Table]
    context: LoadContext
    in_files: Callable[[str], str] = str

    def read(self, columns: Mapping[SplitName, Mapping[str, Any]], kinds: Mapping[str, Kind]) -> Targets:
        """The targets.

        Args:
            columns: By split and name, each one of `tables.columns.Values`.
            kinds: By name.

        Raises:
            DataError: If a target is missing in a row, or is of no kind that is predicted; names its place.
        """
        present = {split: self._present(split, values) for split, values in columns.items()}
        values: dict[SplitName, dict[str, np.ndarray]] = {split: {} for split in columns}
        tasks: dict[str, Task] = {}
        problems: dict[SplitName, dict[int, DataError]] = {split: {} for split in columns}
        sought: dict[SplitName, dict[str, np.ndarray]] = {split: {} for split in columns}
        for name in self.told:
            rows = {split: of_split.of(name) for split, of_split in present.items()}
            if name in kinds and part_of(kinds[name], Cells).masks_of is not None:
                masks = TableMasks(name, kinds, self.opened, self.context)
                found, tasks[name] = masks.read(columns, rows, problems)
                for split, array in found.items():
                    values[split][name] = array
                continue
            if (retrieve := self.told[name].retrieve) is not None:
                items = TableItems(name, self.in_files, retrieve, kinds, self.opened)
                found, compared, tasks[name] = items.read(columns, rows)
                for split, array in found.items():
                    values[split][name], sought[split][name] = array, compared[split]
                continue
            found, tasks[name] = self._of_target(name, columns, rows, kinds)
            for split, array in found.items():
                values[split][name] = array
        return Targets(
            values,
            tasks,
            {split: of_split.kept for split, of_split in present.items()},
            {split: of_split.known for split, of_split in present.items()},
            problems,
            sought,
        )

    def _of_target(
        self,
        name: str,
        columns: Mapping[SplitName, Mapping[str, Any]],
        rows: Mapping[SplitName, np.ndarray | None],
        kinds: Mapping[str, Kind],
    ) -> tuple[dict[SplitName, np.ndarray], Task]:
        told = self.told[name]
        if told.columns is not None:
            return of_columns(columns, told.columns, self._place)
        of_splits = {split: of_split[name] for split, of_split in columns.items()}
        if told.separator is not None or are_lists(next(iter(of_splits.values()))):
            return of_separated(of_splits, told.separator, name, self._place)
        return self._of_column(name, of_splits, rows, kinds[name])

    def _place(self, split: SplitName, row: int) -> str:
        return self.opened[split].place(row)

    def _present(self, split: SplitName, columns: Mapping[str, Any]) -> _Present:
        """Which rows have targets.

        Raises:
            DataError: If one lacks one, and that is an error.
        """
        import numpy as np

        gaps = {
            column: _is_missing(columns[column])
            for name, told in self.told.items()
            # A cell without a label is an empty set.
            if told.separator is None
            for column in told.columns or (name,)
        }
        if not any(gap.any() for gap in gaps.values()):
            return _Present()
        if self.missing == "stop":
            raise self._missing(split, gaps)
        if self.missing == "drop":
            return _Present(np.flatnonzero(~np.logical_or.reduce(list(gaps.values()))))
        lacking = {
            name: np.logical_or.reduce([gaps[column] for column in told.columns or (name,)])
            for name, told in self.told.items()
            if told.separator is None
        }
        # A row that trains nothing is no example.
        has_none = np.logical_and.reduce(list(lacking.values())) & (len(lacking) == len(self.told))
        return _Present(
            np.flatnonzero(~has_none) if has_none.any() else None,
            {name: np.flatnonzero(~gap) for name, gap in lacking.items()},
            {name: ~gap for name, gap in lacking.items() if (gap & ~has_none).any()},
        )

    def _missing(self, split: SplitName, gaps: Mapping[str, np.ndarray]) -> DataError:
        """What to say of the first row without a target, by columns."""
        import numpy as np

        row = int(np.logical_or.reduce(list(gaps.values())).argmax())
        name = next(name for name, gap in gaps.items() if gap[row])
        count = int(gaps[name].sum())
        many = f" ({count:,} such rows)" if count > 1 else ""
        others = ", or mask to let them train the other targets" if len(self.told) > 1 else ""
        return DataError(
            f"{self.opened[split].place(row)}, {shown(name)}: no target{many}",
            hint=f"write missing_target: drop to leave such rows out{others}",
        )

    def _classes(self, name: str, there: set[str], where: Path) -> list[str]:
        """The names of a target's classes in index order.

        Raises:
            DataError: If a row has one that was not named.
        """
        named = self.told[name].class_names
        if named is None:
            return _in_order(there)
        if unknown := _in_order(there.difference(named)):
            raise DataError(
                f"{where}, {shown(name)}: {some(unknown, 10)} {'is' if len(unknown) == 1 else 'are'} none of "
                f"class_names ({some(named, 10)})",
                hint="name all classes, in the order of the model's outputs",
            )
        if not self.context.for_evaluation and (lacking := [one for one in named if one not in there]):
            self.context.warn(
                f"{where}, {shown(name)}: no row has {some(lacking, 10)}, which class_names has"
            )
        return list(named)

    def _check_classes(
        self, present: Mapping[SplitName, np.ndarray], names: Sequence[str], where: Path, name: str
    ) -> None:
        """Nothing is learnt of classes that are in one row each."""
        rows = sum(map(len, present.values()))
        if len(names) == rows > 2 and not self.context.for_evaluation:
            raise DataError(
                f"{where}, {shown(name)}: each of the {rows:,} rows has a class of its own, so that none can "
                "be learnt",
                hint=f"name another target; or write columns: {{{shown(name)}: number}} if it is a quantity",
            )

    def _of_column(
        self,
        name: str,
        values: Mapping[SplitName, Any],
        rows: Mapping[SplitName, np.ndarray | None],
        kind: Kind,
    ) -> tuple[dict[SplitName, np.ndarray], Task]:
        import numpy as np

        where, told = next(iter(self.opened.values())).files[0].path, self.told[name]
        if hasattr(next(iter(values.values())), "codes"):
            present = {split: column.codes[_rows(rows[split])] for split, column in values.items()}
            there = {name for split, codes in present.items() for name in _used(codes, values[split])}
            names = self._classes(name, there, where)
            self._check_classes(present, names, where, name)
            # Names are looked up once, not for each row.
            labels = {split: _class_of(values[split], names).take(codes) for split, codes in present.items()}
            found, task = label_values(labels, "classes", names, where, self.context)
            spread = {
                split: _spread(array, rows[split], len(values[split])) for split, array in found.items()
            }
            return spread, task
        if told.names_classes:
            expected = part_of(kind, Cells).expected
            raise DataError(
                f"{where}, {shown(name)}: class_names is for classes, and a cell of it is {expected}",
                hint=f"write columns: {{{shown(name)}: category}} if it names classes",
            )
        written = part_of(kind, Cells).task(**told.searched_with)
        if written is not None:
            texts = {split: part_of(kind, Cells).held(column).values() for split, column in values.items()}
            return texts, written
        if kind.shape == () and kind.dtype == "float32":
            numbers = {split: part_of(kind, Cells).held(column).array for split, column in values.items()}
            if told.log:
                _check_logs(numbers, self.opened, name)
            if self.missing == "mask":
                # Times a weight of 0, no number would still be none.
                numbers = {
                    split: np.nan_to_num(array, posinf=np.inf, neginf=-np.inf)
                    for split, array in numbers.items()
                }
            return numbers, Regression((), told.log, told.standardize)
        raise DataError(
            f"{where}, {shown(name)}: {part_of(kind, Cells).expected} is not predicted",
            hint=f"write columns: {{{shown(name)}: category}} if it names classes",
        )


def _is_missing(values: Any) -> np.ndarray:
    import numpy as np

    if are_lists(values):
        # An empty list is no missing one.
        missing: np.ndarray = values.missing
        return missing
    if hasattr(values, "codes"):
        gaps: np.ndarray = values.codes < 0
    elif hasattr(values, "offsets"):
        gaps = np.diff(values.offsets) == 0
    else:
        gaps = np.isnan(values.values) if values.values.dtype.kind == "f" else np.isnat(values.values)
        # A list of numbers is whole.
        gaps = np.asarray(gaps.reshape(len(values), -1).any(axis=1))
    return gaps


def _rows(complete: np.ndarray | None) -> Any:
    return slice(None) if complete is None else complete


def _used(codes: np.ndarray, column: Any) -> set[str]:
    """The names of the classes that some rows have."""
    import numpy as np

    return {class_name(column.names[code]) for code in np.flatnonzero(np.bincount(codes))}


def _class_of(column: Any, names: list[str]) -> np.ndarray:
    """The class of each of a column's names (int64); -1 for those that no row has."""
    import numpy as np

    place_of = {name: place for place, name in enumerate(names)}
    return np.array([place_of.get(class_name(name), -1) for name in column.names], np.int64)


def _spread(found: np.ndarray, rows: np.ndarray | None, count: int) -> np.ndarray:
    """Values of some rows at their places among all; rows without any are dropped later."""
    import numpy as np

    if rows is None:
        return found
    spread = np.zeros(count, found.dtype)
    spread[rows] = found
    return spread


def _in_order(names: set[str]) -> list[str]:
    """Names of classes as people order them: numbers by their value."""
    if all(name.lstrip("-").isdecimal() for name in names):
        return sorted(names, key=int)
    return sorted(names)


def _check_logs(
    numbers: Mapping[SplitName, np.ndarray], opened: Mapping[SplitName, Table], name: str
) -> None:
    for split, array in numbers.items():
        if (array < 0).any():
            row = int((array < 0).argmax())
            raise DataError(
                f"{opened[split].place(row)}, {shown(name)}: log: true needs numbers of 0 or more, found "
                f"{array[row]:g}",
                hint="write log: false",
            )
