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
        values: float32, or float64 where they are to be exact; NaN where there is none.
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


@dataclass(frozen=True, eq=False)
class Lists:
    """A column of lists of texts.

    Attributes:
        codes: int32, the items of all rows one after the other, by their places among the names.
        offsets: Where each row's begin, and where the last one's end (int64).
        missing: Which rows have no list (bool), which is not an empty one.
        names: Those that were known beforehand, in their order; then others as they came.
        are_whole: Whether each text is an item as it stands; else the only one of a row may be a cell of a
            file of texts, in which several stand.
    """

    codes: np.ndarray
    offsets: np.ndarray
    missing: np.ndarray
    names: Sequence[str]
    are_whole: bool = False

    def __len__(self) -> int:
        return len(self.missing)

    def __getitem__(self, row: int) -> list[str]:
        return [self.names[code] for code in self.codes[self.offsets[row] : self.offsets[row + 1]]]


@dataclass(frozen=True, eq=False)
class Vectors:
    """A column of lists of numbers of one length.

    Attributes:
        values: float32 of shape (rows, length).
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)


Values = Numbers | Categories | Texts | Dates | Lists | Vectors


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
        return Texts(np.concatenate([part.data for part in texts]), _offsets(texts))
    if isinstance(first, Lists):
        lists = [part for part in parts if isinstance(part, Lists)]
        codes = np.concatenate([part.codes for part in lists])
        missing = np.concatenate([part.missing for part in lists])
        return Lists(codes, _offsets(lists), missing, tuple(first.names))
    if isinstance(first, Categories):
        codes = np.concatenate([part.codes for part in parts if isinstance(part, Categories)])
        return replace(first, codes=codes, names=tuple(first.names))
    return replace(first, values=np.concatenate([part.values for part in parts]))  # type: ignore[union-attr]


def _offsets(parts: Sequence[Texts] | Sequence[Lists]) -> np.ndarray:
    """Where each one of all parts begins."""
    import numpy as np

    all_offsets = [part.offsets for part in parts]
    starts = np.cumsum([0, *(int(offsets[-1]) for offsets in all_offsets)])
    offsets = [one[:-1] + start for one, start in zip(all_offsets, starts, strict=False)]
    return np.concatenate([*offsets, starts[-1:]])


def _empty(kind: ColumnKind) -> Values:
    import numpy as np

    if kind == "number":
        return Numbers(np.zeros(0, np.float32))
    if kind == "array":
        return Vectors(np.zeros((0, 0), np.float32))
    if kind == "date":
        return Dates(np.zeros(0, "datetime64[us]"))
    if kind in ("category", "constant"):
        return Categories(np.zeros(0, np.int32), ())
    if kind == "list":
        return Lists(np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, bool), ())
    return Texts(np.zeros(0, np.uint8), np.zeros(1, np.int64))
