"""Tables whose columns another one gets beside its own: what a config says of them, and what a run keeps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.sources.tables.files import find_files
from bigmodel_cli.sources.tables.joined import Join


class JoinOptions(BaseModel):
    """A table that has a row for each value of a column."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: ConfigPath | list[ConfigPath] = Field(
        description="The file, several, or a pattern; each key is in one row alone."
    )
    key: str | None = Field(
        default=None, description="What it calls the column; default: as the table does that it is joined to."
    )
    prefix: str = Field(
        default="", description="What the names of its columns get in front, where both tables have the same."
    )

    def join(self, column: str) -> Join:
        """What is joined by a column, as the table's files call it."""
        paths = self.path if isinstance(self.path, list) else [self.path]
        return Join(column, self.key or column, tuple(paths), self.prefix)


def kept_tables(joins: Mapping[str, JoinOptions]) -> dict[str, Path]:
    """What a run keeps of joined tables, so that rows to predict get their columns: files by the run's names.

    Args:
        joins: By the column that names their rows.

    Raises:
        DataError: If a file is not there.
    """
    return {
        name: path
        for number, one in enumerate(joins.values(), 1)
        for name, path in _named(number, one).items()
    }


def as_written(joins: Mapping[str, JoinOptions]) -> list[dict[str, Any]]:
    """How rows are joined, as run.json has it.

    Args:
        joins: By the column that names their rows, as files call it.
    """
    return [
        {"column": column, "key": one.key or column, "prefix": one.prefix, "files": list(_named(number, one))}
        for number, (column, one) in enumerate(joins.items(), 1)
    ]


def _named(number: int, told: JoinOptions) -> dict[str, Path]:
    """The files of the table of some number, by what they are called in a run's folder."""
    paths = find_files(told.path)
    many = len(paths) > 1
    names = (f"joined_{number}{f'_{place}' if many else ''}" for place in range(1, len(paths) + 1))
    # How a file is read depends on its endings, not on what stands before.
    ends = ("".join(re.findall(r"\.[A-Za-z0-9]+", "".join(path.suffixes[-2:]))) for path in paths)
    return {f"{name}{end}": path for name, end, path in zip(names, ends, paths, strict=True)}
