"""What is known of items in words, so that some of them can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bigmodel_cli.recommending.names import Names


@dataclass(frozen=True)
class Column:
    """The values of each item, of which it may have none, one or several.

    Attributes:
        values: All that there are.
        starts: Where those of each item begin, and where the last's end, int64 (m + 1,).
        codes: Numbers of values, of one item behind the other, int32.
    """

    PARTS: ClassVar = (*Names.PARTS, "places", "codes")

    values: Names
    starts: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(
        cls, texts: Sequence[str], cells: np.ndarray, split: Callable[[str], Sequence[str]] | None = None
    ) -> Column:
        """From cells.

        Args:
            texts: Texts that differ; an empty one is no value.
            cells: Which of them each item has, int (m,); below 0: none.
            split: Gives the values of a text; None: the text itself is one.
        """
        number_of: dict[str, int] = {}
        numbers = [
            [number_of.setdefault(value, len(number_of)) for value in (split(text) if split else [text])]
            if text
            else []
            for text in texts
        ]
        lengths = np.array([*map(len, numbers), 0])[cells]
        starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        codes = [code for cell in cells.tolist() if cell >= 0 for code in numbers[cell]]
        return cls(Names.of(list(number_of)), starts, np.array(codes, np.int32))

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Column:
        """From what `arrays` gave."""
        return cls(Names.of_arrays(arrays), arrays["places"], arrays["codes"])

    def arrays(self) -> dict[str, np.ndarray]:
        """What is kept of it, by name."""
        return {**self.values.arrays(), "places": self.starts, "codes": self.codes}

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, item: int) -> list[str]:
        """The values of an item."""
        codes = self.codes[int(self.starts[item]) : int(self.starts[item + 1])]
        return [self.values[code] for code in codes.tolist()]

    def where(self, holds: Callable[[str], bool]) -> np.ndarray:
        """Which items have a value for which something holds, bool (m,)."""
        of_values = np.fromiter((holds(value) for value in self.values), bool, len(self.values))
        return self._any(of_values[self.codes])

    def having(self, number: int) -> np.ndarray:
        """Which items have the value of some number, bool (m,)."""
        return self._any(self.codes == number)

    def _any(self, hits: np.ndarray) -> np.ndarray:
        """Which items have a hit among theirs."""
        counts = np.concatenate([[0], np.cumsum(hits)])
        return np.asarray(counts[self.starts[1:]] > counts[self.starts[:-1]])

    def followed_by(self, other: Column | None, count: int) -> Column:
        """The same with more items behind.

        Args:
            other: Their values; None: nothing is known of them.
            count: How many they are.
        """
        if other is None:
            return Column(self.values, _append(self.starts, np.zeros(count, np.int64)), self.codes)
        number_of = {value: number for number, value in enumerate(self.values)}
        numbers = [number_of.setdefault(value, len(number_of)) for value in other.values]
        codes = np.concatenate([self.codes, np.array(numbers, np.int32)[other.codes]])
        return Column(Names.of(list(number_of)), _append(self.starts, np.diff(other.starts)), codes)


def _append(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([starts, starts[-1] + np.cumsum(lengths)])
