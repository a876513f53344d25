"""The part of an image over which a class is explained: a box of pixels, or what was predicted around one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.geometry import Geometry, Side
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.predictions import Answer

BOX, POINT = 4, 2


@dataclass(frozen=True)
class Region:
    """As the option has it, in pixels of the file.

    Attributes:
        numbers: Left, top, right and bottom of a box, the pixels at its edges included; or x and y of one.
    """

    numbers: tuple[int, ...]

    def __str__(self) -> str:
        return ",".join(map(str, self.numbers))

    def places(self, name: str, geometry: Geometry, explained: Explained, answer: Answer) -> np.ndarray:
        """Which places of a prediction are meant, bool of shape (height, width).

        Args:
            name: Of the image.
            geometry: Where the places are in its file.
            explained: What is explained.
            answer: The prediction.

        Raises:
            DataError: If the image has no such pixels, or the model does not see them.
        """
        *_, right, bottom = self.numbers
        width, height = geometry.x.length, geometry.y.length
        if right >= width or bottom >= height:
            raise DataError(
                f"{name}: --region {self}: the image has {width} × {height} pixels, the first of which is 0,0"
            )
        shape = explained.shape(answer)
        if len(self.numbers) == POINT:
            rows, columns = self._sides(geometry, shape, (right, bottom, right, bottom))
            self._require(name, rows, columns)
            return explained.around(answer, int(rows.argmax()), int(columns.argmax()))
        rows, columns = self._sides(geometry, shape, self.numbers)
        self._require(name, rows, columns)
        return np.asarray(rows[:, np.newaxis] & columns)

    def _sides(
        self, geometry: Geometry, shape: tuple[int, int], box: tuple[int, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        left, top, right, bottom = box
        rows = _between(geometry.y, shape[0], top, bottom)
        return rows, _between(geometry.x, shape[1], left, right)

    def _require(self, name: str, rows: np.ndarray, columns: np.ndarray) -> None:
        if not rows.any() or not columns.any():
            raise DataError(f"{name}: --region {self}: the model sees nothing of it: it was cut off")


def _between(side: Side, count: int, first: int, last: int) -> np.ndarray:
    """Which places of an example lie under some pixels of a file: by their middles, else the one there."""
    middles = side.start + (np.arange(count) + 0.5) * side.step
    found = (middles >= first) & (middles < last + 1)
    if not found.any():
        place = int(np.floor(((first + last + 1) / 2 - side.start) / side.step))
        found = np.arange(count) == place
    return np.asarray(found)
