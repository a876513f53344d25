"""Where the pixels that a model was given are in the file that they were read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Side:
    """How positions along one side of an example become positions along the file's side.

    Attributes:
        length: Of the file's side, in pixels.
        start: Where the example's first pixel begins.
        step: How many of the file's pixels one of the example's is.
    """

    length: int
    start: float
    step: float

    def pixel(self, index: int) -> int:
        """The file's pixel at the middle of the example's."""
        return self._inside(self.start + (index + 0.5) * self.step)

    def ends(self, first: int, last: int) -> tuple[int, int]:
        """The file's first and last pixel under some of the example's."""
        end = self.start + (last + 1) * self.step
        return self._inside(self.start + first * self.step), self._inside(np.ceil(end) - 1)

    def thirds(self, count: int) -> np.ndarray:
        """For each of so many pixels of the example the third of the file's side that it is in: 0, 1 or 2."""
        middles = self.start + (np.arange(count) + 0.5) * self.step
        return np.asarray(np.clip(middles * 3 // self.length, 0, 2), np.int64)

    def _inside(self, position: float) -> int:
        return int(np.clip(np.floor(position), 0, self.length - 1))


@dataclass(frozen=True)
class Geometry:
    """The sides of the file: `x` to the right, `y` down."""

    x: Side
    y: Side
