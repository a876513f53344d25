"""How values of a kind are shown to people."""

from __future__ import annotations

import base64
import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.kind import Kind

if TYPE_CHECKING:
    import numpy as np

# Channels that a picture may have: grey, colours, and colours with transparency.
CHANNELS = (1, 3, 4)
# Pixels of a thumbnail's longer side, at most.
_LARGEST = 112


class Show(ABC):
    """How values of a kind are shown.

    Attributes:
        kind: The kind.
        why_no_plot: Why predictions of it cannot be plotted; None where they can.
    """

    why_no_plot: str | None = None

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    @property
    @abstractmethod
    def are_pictures(self) -> bool:
        """Whether values can be drawn."""

    @property
    @abstractmethod
    def are_photographs(self) -> bool:
        """Whether values are pictures such as networks trained on photographs know: files, or colours."""

    @property
    def are_pixels(self) -> bool:
        """Whether values are pictures whose numbers go to 255."""
        return self.are_pictures and self.kind.dtype == "uint8"

    @abstractmethod
    def pixels(self, value: np.ndarray) -> np.ndarray:
        """A value that is a picture as uint8 of shape (height, width) or (height, width, 3 or 4)."""

    def thumbnail(self, value: np.ndarray) -> str:
        """A value that is a picture as a small PNG file in base64."""
        return as_thumbnail(self.pixels(value))

    def sound(self, value: np.ndarray) -> str | None:
        """A value that can be heard as a small WAV file in base64; None where none can."""
        return None

    def words(self, cells: Mapping[str, Any]) -> str | None:
        """An example in a line, where that says what it is; None where nothing short does.

        Args:
            cells: Its inputs, by their names.
        """
        return None


def as_thumbnail(pixels: np.ndarray, side_by_side: int = 1) -> str:
    """Pixels as a small PNG file in base64.

    Args:
        pixels: uint8 of shape (height, width) or (height, width, 3 or 4).
        side_by_side: How many pictures of one size they are, from left to right.
    """
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((_LARGEST * side_by_side, _LARGEST))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def has_shape_of_picture(shape: tuple[int, ...]) -> bool:
    """Whether an array has rows and columns, and channels or none."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in CHANNELS)


def without_channel(pixels: np.ndarray) -> np.ndarray:
    """A picture whose only channel has no axis of its own."""
    return pixels[..., 0] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels
