"""Columns of lists of numbers, which Parquet and JSON lines have: one vector for each row.

As text a list is `[0.5, 2]`, which is how CSV and `--set` may have it too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from bigmodel_cli.cut import cut, some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.cells import NO_NUMBERS, NO_VALUE, Cells, Use
from bigmodel_cli.sources.tables.columns import Kept, Vectors
from bigmodel_cli.sources.tables.facts import ColumnFacts, ColumnKind
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.sources.tables.readers import Reader
from bigmodel_cli.sources.tables.table import Block

if TYPE_CHECKING:
    import numpy as np

# A number beyond is none for a model.
_LARGEST = 3.4028235e38


class VectorLook:
    """A column whose cells are lists of numbers: how long they are, and what their numbers lie in."""

    use: ClassVar[Use] = "vector"

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._low, self._high = float("inf"), float("-inf")
        self._is_whole = True

    def glance(self, cells: Cells) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of a block, in any thread."""
        return cells.vectors()

    def take(self, seen: tuple[np.ndarray, np.ndarray]) -> None:
        """Take a block."""
        import numpy as np

        numbers, lengths = seen
        self._counts.update(lengths.tolist())
        there = numbers[np.isfinite(numbers)]
        if len(there):
            self._low, self._high = min(self._low, there.min()), max(self._high, there.max())
            self._is_whole = self._is_whole and bool((there == np.floor(there)).all())

    def kept(self) -> Kept:
        """Vectors are read again."""
        return Kept()

    def facts(self, name: str, path: Path, told: ColumnKind | None) -> ColumnFacts:
        """What is known of the column.

        Raises:
            DataError: If no row of a column that is told to be of lists has one.
        """
        missing, wrong = self._counts[NO_VALUE], self._counts[NO_NUMBERS]
        rows = sum(self._counts.values())
        lengths = {length: count for length, count in self._counts.items() if length > 0}
        if told is not None and not lengths:
            raise DataError(
                f"{path}, {shown(name)}: no row has a list of numbers",
                hint="a list is written [0.5, 2]; or say what the column is: number, text, ignore",
            )
        # The reader refuses by its place what is told to be of one length, and is not.
        is_one = len(lengths) == 1 and not missing and not wrong and not self._counts[0]
        length = max(lengths, key=lambda each: (lengths[each], each), default=0)
        return ColumnFacts(
            name=name,
            kind="array" if is_one or told else "list",
            reason="as told" if told else self._reason(lengths, missing),
            rows=rows,
            missing=missing,
            marks={"": missing} if missing else {},
            low=self._low if lengths else None,
            high=self._high if lengths else None,
            is_whole=self._is_whole,
            length=length,
        )

    def _reason(self, lengths: Mapping[int, int], missing: int) -> str:
        if len(lengths) > 1:
            return (
                f"lists of {some(map(str, sorted(lengths)))} numbers, and a model takes those of one length"
            )
        if missing:
            return f"lists of numbers, of which {missing:,} are missing"
        if not lengths:
            return "lists without a number"
        return "lists of numbers, and cells that are none"


class VectorReader(Reader):
    """Makes one array of lists of one length."""

    @property
    def _length(self) -> int:
        return self._facts.length or 0

    def values(self, block: Block, cells: Cells) -> Vectors:
        vectors, wrong = self._read(cells)
        if len(wrong):
            row, name = int(wrong[0]), shown(self._facts.name)
            expected = f"expected a list of {self._length} numbers"
            raise DataError(
                f"{block.place_of(row)}, {name}: {expected}, found {_shown(cells, row)}",
                hint=f"correct it, or leave the row or the column out (columns: {{{name}: ignore}})",
            )
        return vectors

    def with_wrong(self, block: Block, cells: Cells) -> tuple[Vectors, Mapping[int, str]]:
        vectors, wrong = self._read(cells)
        return vectors, {row: _text(cells, row) for row in wrong.tolist()}

    def _read(self, cells: Cells) -> tuple[Vectors, np.ndarray]:
        """The vectors, zeros where a cell is none; and the rows of these."""
        import numpy as np

        numbers, lengths = cells.vectors()
        ends = np.cumsum(np.maximum(lengths, 0))
        fits = lengths == self._length
        values = np.zeros((len(lengths), self._length), np.float32)
        places = (ends[fits] - self._length)[:, None] + np.arange(self._length)
        found = numbers[places]
        is_number = (np.abs(found) <= _LARGEST).all(axis=1)
        values[fits] = np.where(is_number[:, None], found, 0)
        wrong = ~fits
        wrong[fits] = ~is_number
        return Vectors(values), np.flatnonzero(wrong)


def _text(cells: Cells, row: int) -> str:
    texts, places = cells.encoded()
    return texts[int(places[row])]


def _shown(cells: Cells, row: int) -> str:
    text = _text(cells, row)
    return f"{cut(text, 60)!r}" if text else "none"
