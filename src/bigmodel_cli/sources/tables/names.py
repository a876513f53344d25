"""The names of columns: which they are, and how messages show them, which have one line each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import cut, some
from bigmodel_cli.errors import DataError

_LONGEST = 60


def shown(name: str) -> str:
    """A name as a message shows it: in one line, and not too long."""
    return cut(name if name.isprintable() else repr(name)[1:-1], _LONGEST)


def listed(names: Iterable[str], limit: int = 8) -> str:
    """Several of them."""
    return some(map(shown, names), limit)


def named_columns(cells: Sequence[str], path: Path, line: int) -> tuple[list[str], list[str]]:
    """The names of columns as a header has them, and what a person should know of them.

    A column without a name is called by its place: rows that are numbered have one in front.

    Raises:
        DataError: If two columns have the same name; names the line.
    """
    stripped = [cell.strip() for cell in cells]
    names = [name or f"column_{place}" for place, name in enumerate(stripped, 1)]
    for name, count in Counter(names).items():
        if count > 1:
            places = [str(place) for place, other in enumerate(names, 1) if other == name]
            raise DataError(
                f"{path}:{line}: the column {shown(name)} is there {count} times (cells {some(places)})",
                hint="give every column a name of its own",
            )
    unnamed = [name for name, cell in zip(names, stripped, strict=True) if not cell]
    note = f"{path}:{line}: no name for the columns in cells {some(n.split('_')[1] for n in unnamed)}"
    return names, [f"{note}: called {listed(unnamed)}"] if unnamed else []


def no_column(path: Path, names: Sequence[str], name: str) -> DataError:
    """The error for a column that is not there."""
    close = closest(name, names)
    hint = f"did you mean {shown(close)}?" if close else None
    if len(names) == 1:
        hint = "say separator, or skip: N where lines stand above the names of the columns"
    elif all(re.fullmatch(r"column_\d+", other) for other in names):
        hint = "say header: true where the first row names the columns"
    return DataError(f"{path}: no column {shown(name)}; its columns: {listed(names, 20)}", hint=hint)
