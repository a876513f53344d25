"""Rows of one split, read in any order by several threads; and a column of them as a store."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.hubs.columns import Column
from bigmodel_cli.sources.stores import PlacedStore, add_array

if TYPE_CHECKING:
    import numpy as np

# Rows that a thread reads before it asks for more.
_GROUP = 256
Found = TypeVar("Found")


class Rows(ABC):
    """The rows of one split.

    Attributes:
        identity: Changes when the rows or their order do.
        written: The files that they are in, with the times of their last change; empty where they are in
            none.
    """

    identity: str
    written: str = ""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def read(self, positions: Sequence[int], names: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """What some rows have in some columns, by their names.

        Images are bytes or paths of files, what is missing is None.

        Raises:
            DataError: If one is damaged.
        """


def written_in(paths: Iterable[Path]) -> str:
    """Files with the times of their last change.

    Raises:
        OSError: If one is not there.
    """
    return "\n".join(f"{path.resolve()} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths)


@dataclass(frozen=True, eq=False)
class RowStore(PlacedStore):
    """One column of rows, each of which is read when it is needed.

    Attributes:
        rows: All of the split.
        column: Its name, and what it holds.
        origin: What rows are called by, with their number.
    """

    rows: Rows
    name_of_column: str
    column: Column
    origin: str

    def read(self, index: int) -> np.ndarray:
        name = self.name_of_column
        (row,) = self.rows.read([int(self.positions[index])], [name])
        return value_of(row[name], self.column, self.kind, f"{self.name(index)}: {name}")

    def name(self, index: int) -> str:
        return f"{self.origin}[{int(self.positions[index])}]"

    def add_to(self, digest: Any) -> None:
        digest.update(hashlib.sha256(f"{self.rows.identity}\0{self.name_of_column}".encode()).digest())
        digest.update(f"{self.kind.described}\n".encode())
        add_array(digest, self.positions)


def value_of(raw: Any, column: Column, kind: Kind, called: str) -> np.ndarray:
    """The value of one column of a row as a model takes it.

    Args:
        raw: What was read.
        column: What the column holds.
        kind: What it becomes.
        called: Row and column, for errors.

    Raises:
        DataError: If it is damaged, or there is none.
    """
    if raw is None:
        raise DataError(f"{called}: there is none")
    return column.value(raw, kind, called)


def of_each(
    rows: Rows,
    names: Sequence[str],
    take: Callable[[int, Mapping[str, Any]], Found],
    label: str,
    context: LoadContext,
) -> Iterator[Found]:
    """What is taken of each row, in order, by several threads.

    Args:
        rows: All of them.
        names: Of the columns that are read.
        take: Called with the position and what was read.
        label: What is done, for the user.
        context: Told of progress.

    Raises:
        DataError: What `take` raises, or a row that cannot be read.
    """

    def group(start: int) -> list[Found]:
        positions = range(start, min(start + _GROUP, len(rows)))
        return [take(at, row) for at, row in zip(positions, rows.read(positions, names), strict=True)]

    done = 0
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="rows") as threads:
        for found in threads.map(group, range(0, len(rows), _GROUP)):
            yield from found
            done += len(found)
            context.progress(label, done, len(rows))
