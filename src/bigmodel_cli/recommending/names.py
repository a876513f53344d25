"""Names by number and numbers by name, in arrays that need not be read as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Names:
    """Names that differ, in an order of their own.

    Attributes:
        letters: Of one name behind the other, in UTF-8, uint8.
        starts: Where each begins, and where the last ends, int64 (n + 1,).
        order: The numbers of the names as they are sorted, int32 (n,).
    """

    PARTS: ClassVar = ("letters", "starts", "order")

    letters: np.ndarray
    starts: np.ndarray
    order: np.ndarray

    @classmethod
    def of(cls, names: Sequence[str]) -> Names:
        written = [_written(name) for name in names]
        starts = np.concatenate([[0], np.cumsum([len(name) for name in written], dtype=np.int64)])
        order = np.array(sorted(range(len(written)), key=written.__getitem__), np.int32)
        return cls(np.frombuffer(b"".join(written), np.uint8), starts, order)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Names:
        """From what `arrays` gave, among others."""
        return cls(*(arrays[part] for part in cls.PARTS))

    def arrays(self) -> dict[str, np.ndarray]:
        """What is kept of them, by name."""
        return {part: getattr(self, part) for part in self.PARTS}

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> str:
        letters = self._bytes(number)
        try:
            return letters.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            # Of a damaged file; `runs verify` says so.
            return letters.decode("utf-8", "replace")

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))

    def number(self, name: str) -> int:
        """The number of a name; -1 where there is none such."""
        sought, low, high = _written(name), 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._bytes(int(self.order[middle])) < sought:
                low = middle + 1
            else:
                high = middle
        if low == len(self) or self._bytes(int(self.order[low])) != sought:
            return -1
        return int(self.order[low])

    def numbers(self, names: Iterable[str]) -> np.ndarray:
        """The numbers of names, int64; -1 where there is none such."""
        return np.array([self.number(name) for name in names], np.int64)

    def _bytes(self, number: int) -> bytes:
        return self.letters[int(self.starts[number]) : int(self.starts[number + 1])].tobytes()


def _written(name: str) -> bytes:
    # JSON may have halves of characters, which UTF-8 has not.
    return name.encode("utf-8", "surrogatepass")
