"""Where the pixels of an example are in the file that it was read from."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bigmodel_cli.kinds.image.files.decoding import read_image
from bigmodel_cli.kinds.image.files.opening import open_image
from bigmodel_cli.kinds.image.kind import ImageFormat
from bigmodel_cli.kinds.inputs import Input
from bigmodel_cli.signature import Signature

# The tag in which a camera notes how it was held; from 5 on width and height are exchanged.
_ORIENTATION = 0x0112
_FIRST_TURNED = 5


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


def geometry_of(item: Input, signature: Signature, *, invert: bool = False) -> Geometry:
    """Where an example's pixels were; those of an array are where they are.

    Args:
        item: The example.
        signature: What it became.
        invert: As it was read.

    Raises:
        DataError: If the file cannot be read.
    """
    image_format = signature.image_format
    if item.features is not None or image_format is None:
        height, width = signature.shape[:2]
        return Geometry(Side(width, 0, 1), Side(height, 0, 1))
    path = Path(item.name)
    width, height = upright_size(path)
    area = None if image_format.drawing is None else read_image(path, image_format, invert=invert).area
    if area is None:
        return in_format(width, height, image_format)
    left, top, right, bottom = area
    rows, columns = image_format.image_size
    return Geometry(
        Side(width, left * width, (right - left) * width / columns),
        Side(height, top * height, (bottom - top) * height / rows),
    )


def upright_size(path: Path) -> tuple[int, int]:
    """(width, height) of an image file as it is looked at, from its header.

    Raises:
        DataError: If it is no image.
    """
    with open_image(path) as image:
        width, height = image.size
        # A broken note about the rotation says nothing.
        with suppress(Exception):
            if image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED:
                width, height = height, width
    return width, height


def in_format(width: int, height: int, image_format: ImageFormat) -> Geometry:
    """The way back from an example to a file of this size, as decoding came from it."""
    rows, columns = image_format.image_size
    if image_format.aspect_ratio == "crop":
        scale = min(width / columns, height / rows)
        return Geometry(
            Side(width, (width - columns * scale) / 2, scale),
            Side(height, (height - rows * scale) / 2, scale),
        )
    if image_format.aspect_ratio == "pad":
        scale = min(columns / width, rows / height)
        return Geometry(_padded(width, columns, scale), _padded(height, rows, scale))
    return Geometry(Side(width, 0, width / columns), Side(height, 0, height / rows))


def _padded(length: int, count: int, scale: float) -> Side:
    inner = max(1, round(length * scale))
    step = length / inner
    return Side(length, -((count - inner) // 2) * step, step)
