"""What an audit looks at in pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.kinds.audit import Features, span_of
from bigmodel_cli.kinds.image.files.opening import image_size_and_mode
from bigmodel_cli.kinds.image.shrinking import shrunk

SIDE = 32
# ITU-R BT.601, as Pillow turns colours into grey; an alpha channel does not count.
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


# A side that is so many times the other one.
EXTREME_ASPECT = 3.0
NUM_EXTREME = 5


@dataclass(frozen=True)
class Header:
    """What an image file's header says.

    Attributes:
        width: In pixels, as it is stored.
        height: The same.
        mode: Pillow's name of the pixels' kind: `L`, `RGB`, `CMYK`, …
    """

    width: int
    height: int
    mode: str


class ImageFeatures(Features):
    """Channels are described; small grey versions are compared."""

    constant: ClassVar[str] = "of one colour"
    are_seen: ClassVar[bool] = True

    def header(self, path: Path) -> Header:
        (width, height), mode = image_size_and_mode(path)
        return Header(width, height, mode)

    def describe_files(self, headers: Sequence[Header], names: Sequence[str]) -> dict[str, Any]:
        """Sizes, proportions and kinds of the image files."""
        widths, heights = (
            np.array([getattr(header, side) for header in headers]) for side in ("width", "height")
        )
        aspects = widths / heights
        stretched = np.maximum(aspects, 1 / aspects)
        extreme = np.argsort(-stretched, kind="stable")[:NUM_EXTREME]
        rows, columns = self.kind.shape[:2]
        return {
            "width": span_of(widths),
            "height": span_of(heights),
            "aspect_ratio": span_of(aspects),
            "modes": dict(Counter(header.mode for header in headers).most_common()),
            "smaller_than_training": int(((heights < rows) | (widths < columns)).sum()),
            "extreme": [
                {"name": names[number], "width": headers[number].width, "height": headers[number].height}
                for number in extreme.tolist()
                if stretched[number] >= EXTREME_ASPECT
            ],
            "num_extreme": int((stretched >= EXTREME_ASPECT).sum()),
        }

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
