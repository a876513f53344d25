"""Columns of paths: the files that they name, looked at before training, and rows that lack one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.sources.base import Examples, LoadContext, SplitName
from bigmodel_cli.sources.file_checks import SKIP_HINT, check_files, skipped_sentence, without_bad
from bigmodel_cli.sources.files import Files, FileStore
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.kinds.cells import Held


@dataclass(frozen=True)
class TableFiles:
    """The files that columns of a table name.

    Attributes:
        stores: By split and column.
        problems: What is wrong with some rows, by split and row.
    """

    stores: Mapping[SplitName, Mapping[str, FileStore]]
    problems: Mapping[SplitName, Mapping[int, DataError]]

    def also(self, problems: Mapping[SplitName, Mapping[int, DataError]]) -> TableFiles:
        """The same with what else is wrong with some rows."""
        both = {split: {**problems.get(split, {}), **own} for split, own in self.problems.items()}
        return TableFiles(self.stores, both)

    def sound(
        self,
        examples: Examples,
        split: SplitName,
        kept: np.ndarray | None,
        tasks: Mapping[str, Task],
        context: LoadContext,
    ) -> Examples:
        """The examples of a split that are kept, and whose files can be read.

        Args:
            examples: All rows.
            split: Its name.
            kept: Which of them, by their places or as a mask; None: all.
            tasks: By target.
            context: Is told of those that are left out.

        Raises:
            DataError: If too few are left.
        """
        import numpy as np

        bad = self.problems.get(split, {})
        rows = np.arange(len(examples)) if kept is None else np.arange(len(examples))[kept]
        examples = examples if kept is None else examples.take(rows)
        own = {index: bad[row] for index, row in enumerate(rows.tolist()) if row in bad} if bad else {}
        if not own:
            return examples
        if context.left_out is None:
            context.warn(skipped_sentence(list(own.values()), f"{len(examples):,} rows of {split}"))
        else:
            for index, problem in own.items():
                context.left_out(split, examples.name(index), problem)
        return without_bad(examples, own, split, tasks, context)


@dataclass(frozen=True)
class _Column:
    """A column of paths in one split.

    Attributes:
        split: Its name.
        name: The column.
        table: What it is from.
        texts: The paths, as they are written.
        first: Where they stand among all paths of their kind.
    """

    split: SplitName
    name: str
    table: Table
    texts: Sequence[str]
    first: int

    @property
    def folder(self) -> Path:
        return self.table.files[0].path.parent


@dataclass
class _Listed:
    """All paths of the columns of one kind."""

    columns: list[_Column] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)


def files_of(
    tables: Mapping[SplitName, Table],
    held: Mapping[SplitName, Mapping[str, Held]],
    kinds: Mapping[str, Kind],
    context: LoadContext,
) -> TableFiles:
    """Find the files that columns name, relative to their table's folder, and read their headers.

    Args:
        tables: By split.
        held: The columns of paths, as texts.
        kinds: What their files hold.
        context: Says whether rows without a sound file are left out.

    Raises:
        DataError: If a row names no file, or one that is none of the kind; where such are not left out.
    """
    by_kind: dict[Kind, _Listed] = {}
    problems: dict[SplitName, dict[int, DataError]] = {split: {} for split in tables}
    for split, columns in held.items():
        for name, paths in columns.items():
            listed = by_kind.setdefault(kinds[name], _Listed())
            # Tables made on Windows are read everywhere.
            texts = [str(text).replace("\\", "/") for text in paths.values().tolist()]
            column = _Column(split, name, tables[split], texts, len(listed.paths))
            listed.columns.append(column)
            listed.paths += [column.folder / text for text in texts]
    stores: dict[SplitName, dict[str, FileStore]] = {split: {} for split in tables}
    for kind, listed in by_kind.items():
        _check(listed, kind, stores, problems, context)
    return TableFiles(stores, problems)


def _check(
    listed: _Listed,
    kind: Kind,
    stores: dict[SplitName, dict[str, FileStore]],
    problems: dict[SplitName, dict[int, DataError]],
    context: LoadContext,
) -> None:
    import numpy as np

    for column in listed.columns:
        for row in (row for row, text in enumerate(column.texts) if not text):
            problem = DataError(
                f"{column.table.place(row)}, {shown(column.name)}: no path of a file",
                hint=f"write one, or leave the row out; {SKIP_HINT}",
            )
            if not context.skip_bad_files:
                raise problem
            problems[column.split].setdefault(row, problem)
    checked = check_files(listed.paths, kind, context)
    root = _common(listed)
    relative = tuple(os.path.relpath(path, root) for path in listed.paths)
    files = Files(root, relative, checked.sizes, checked.modified, kind)
    for column in listed.columns:
        stop = column.first + len(column.texts)
        stores[column.split][column.name] = FileStore(files, np.arange(column.first, stop))
        for index, problem in checked.problems.items():
            if column.first <= index < stop:
                problems[column.split].setdefault(index - column.first, problem)


def _common(listed: _Listed) -> Path:
    """The folder that paths are relative to: the tables' own, or the one that all of these are in."""
    folders = {column.folder for column in listed.columns}
    if len(folders) == 1:
        return folders.pop()
    return Path(os.path.commonpath([folder.absolute() for folder in folders]))
