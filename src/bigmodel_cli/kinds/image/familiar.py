"""What is measured of pictures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bigmodel_cli.kinds.familiar import ValueMeasuring
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.parts import part_of

# The longer side of a thumbnail, at most.
_THUMBNAIL = 14
# What is this near the border's mean is background, as a part of the range of values.
_NEAR = 0.1
# What a picture without contrast has instead, where something is divided by that.
_LEAST_CONTRAST = 0.02

_BRIGHTNESS, _BORDER = "brightness", "border"


class ImageMeasuring(ValueMeasuring):
    """Measures how bright, even and colourful pictures are, and compares thumbnails."""

    least = 0.0

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        if part_of(kind, Read).redraws:
            self.advice = "give one figure on an even ground, with nothing else in the picture"

    def arranged(self, values: np.ndarray) -> np.ndarray:
        return values if values.ndim == 4 else values[..., np.newaxis]

    def measures(self, values: np.ndarray) -> dict[str, np.ndarray]:
        grey = _grey(values)
        contrast = grey.std(axis=(1, 2))
        border = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], axis=1).mean(axis=1)
        down, across = (np.abs(np.diff(grey, axis=axis)).mean(axis=(1, 2)) for axis in (1, 2))
        found = {
            _BRIGHTNESS: grey.mean(axis=(1, 2)),
            "contrast": contrast,
            _BORDER: border,
            "background": (np.abs(grey - border[:, np.newaxis, np.newaxis]) < _NEAR).mean(axis=(1, 2)),
            "roughness": (down + across) / (2 * contrast + _LEAST_CONTRAST),
        }
        if values.shape[-1] >= 3:
            colors = values[..., :3]
            found["colour"] = (colors.max(axis=-1) - colors.min(axis=-1)).mean(axis=(1, 2))
        return found

    def shapes(self, values: np.ndarray) -> np.ndarray:
        """Small grey thumbnails."""
        grey = _grey(values)
        count, height, width = grey.shape
        factor = -(-max(height, width) // _THUMBNAIL)
        rows, columns = max(1, height // factor), max(1, width // factor)
        down, across = min(factor, height), min(factor, width)
        blocks = grey[:, : rows * down, : columns * across].reshape(count, rows, down, columns, across)
        return np.asarray(blocks.mean(axis=(2, 4)).reshape(count, -1))

    def negative(self, measured: Mapping[str, float]) -> Mapping[str, float] | None:
        if self.kind.dtype != "uint8":
            return None
        return {
            name: 1 - value if name in (_BRIGHTNESS, _BORDER) else value for name, value in measured.items()
        }


def _grey(values: np.ndarray) -> np.ndarray:
    return values[..., 0] if values.shape[-1] < 3 else values[..., :3].mean(axis=-1)
