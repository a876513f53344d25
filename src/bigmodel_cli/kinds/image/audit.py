"""What an audit looks at in pictures."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bigmodel_cli.kinds.audit import Features
from bigmodel_cli.kinds.image.shrinking import shrunk

SIDE = 32
# ITU-R BT.601, as Pillow turns colours into grey; an alpha channel does not count.
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


class ImageFeatures(Features):
    """Channels are described; small grey versions are compared."""

    constant: ClassVar[str] = "of one colour"
    are_seen: ClassVar[bool] = True

    def channels(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, values.shape[-1]).T if values.ndim == 4 else values.reshape(1, -1)

    def thumbnails(self, values: np.ndarray) -> np.ndarray:
        return thumbnails(values)


def thumbnails(pixels: np.ndarray) -> np.ndarray:
    """Grey thumbnails of at most 32 × 32 pixels; smaller images stay as they are.

    Args:
        pixels: uint8 of shape (n, height, width) or (n, height, width, 1, 3 or 4).

    Returns:
        float16 of shape (n, min(height, 32), min(width, 32)), from 0 to 255, in which each pixel is the mean
        of the area that it covers.
    """
    return shrunk(_grey(pixels), SIDE).astype(np.float16)


def _grey(pixels: np.ndarray) -> np.ndarray:
    if pixels.ndim == 3:
        return pixels.astype(np.float32)
    if pixels.shape[-1] == 1:
        return pixels[..., 0].astype(np.float32)
    grey: np.ndarray = pixels[..., :3].astype(np.float32) @ _GREY
    return grey
