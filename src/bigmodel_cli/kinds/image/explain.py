"""Where the pixels of an example are in the file that it was read from."""

from __future__ import annotations

from pathlib import Path

from bigmodel_cli.geometry import Geometry, Side
from bigmodel_cli.kinds.explain import Places
from bigmodel_cli.kinds.image.files.decoding import read_image
from bigmodel_cli.kinds.image.files.opening import upright_size
from bigmodel_cli.kinds.image.kind import ImageFormat
from bigmodel_cli.kinds.inputs import Input


class ImagePlaces(Places):
    """Follows back how a file was turned, scaled, cut or drawn anew."""

    def geometry(self, item: Input, *, invert: bool = False) -> Geometry:
        if item.features is not None:
            return super().geometry(item)
        path, image_format = Path(item.name), self.kind.format
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
