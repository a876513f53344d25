"""Columns of a table as NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bigmodel_cli.sources.tables.facts import ColumnKind

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers.

    Attributes:
        values: float32, NaN where there is none.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class Categories:
    """A column of categories.

    Attributes:
        codes: int32, the place of each row's category among the names; -1 where there is none.
        names: Those that were known beforehand, in their order; then others as they came.
    """

    codes: np.ndarray
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.codes)

    def strings(self) -> np.ndarray:
        """The category of each row, "" where there is none."""
        import numpy as np

        strings: np.ndarray = np.array([*self.names, ""], object)[self.codes]
        return strings


@dataclass(frozen=True, eq=False)
class Texts:
    """A column of texts, one after the other.

    Attributes:
        data: All of them in UTF-8 (uint8).
        offsets: Where each one begins, and where the last one ends (int64).
    """

    data: np.ndarray
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        return bytes(self.data[self.offsets[row] : self.offsets[row + 1]]).decode("utf-8", "replace")


@dataclass(frozen=True, eq=False)
class Dates:
    """A column of days or moments.

    Attributes:
        values: datetime64[us] in UTC, NaT where there is none.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)


Values = Numbers | Categories | Texts | Dates


@dataclass(frozen=True, eq=False)
class Kept:
    """What was kept of a column's cells while they were looked at, block by block.

    Attributes:
        numbers: As numbers (float32).
        written: As they are written.
        places: The place of each cell's text among the different ones (int32).
        texts: These.
    """

    numbers: Sequence[np.ndarray] = ()
    written: Sequence[Texts] = ()
    places: Sequence[np.ndarray] = ()
    texts: Sequence[str] = ()


def joined(kind: ColumnKind, parts: Sequence[Values]) -> Values:
    """Blocks of one column put together."""
    import numpy as np

    if not parts:
        return _empty(kind)
    first = parts[0]
    if isinstance(first, Texts):
        texts = [part for part in parts if isinstance(part, Texts)]
        starts = np.cumsum([0, *(int(part.offsets[-1]) for part in texts)])
        offsets = [part.offsets[:-1] + start for part, start in zip(texts, starts, strict=False)]
        return Texts(np.concatenate([part.data for part in texts]), np.concatenate([*offsets, starts[-1:]]))
    if isinstance(first, Categories):
        codes = np.concatenate([part.codes for part in parts if isinstance(part, Categories)])
        return replace(first, codes=codes, names=tuple(first.names))
    return replace(first, values=np.concatenate([part.values for part in parts]))  # type: ignore[union-attr]


def _empty(kind: ColumnKind) -> Values:
    import numpy as np

    if kind == "number":
        return Numbers(np.zeros(0, np.float32))
    if kind == "date":
        return Dates(np.zeros(0, "datetime64[us]"))
    if kind in ("category", "constant"):
        return Categories(np.zeros(0, np.int32), ())
    return Texts(np.zeros(0, np.uint8), np.zeros(1, np.int64))
