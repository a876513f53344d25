"""Examples as pictures that people look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigmodel_cli.kinds.image.kind import CHANNELS
from bigmodel_cli.signature import Signature

if TYPE_CHECKING:
    import numpy as np

# Pixels of the shorter side; arrays of small coloured images are seldom photographs.
_SMALLEST_FILE, _SMALLEST_COLOURED = 32, 64


def are_images(signature: Signature) -> bool:
    """Whether examples can be drawn."""
    shape = signature.shape
    has_channels = len(shape) == 3 and shape[-1] in CHANNELS.values()
    return signature.image_format is not None or ((len(shape) == 2 or has_channels) and min(shape[:2]) >= 4)


def are_photographs(signature: Signature) -> bool:
    """Whether examples are images of a kind that networks trained on photographs know: files, or colours."""
    if not are_images(signature) or min(signature.shape[:2]) < _SMALLEST_FILE:
        return False
    is_coloured = signature.shape[2:] == (3,) and min(signature.shape[:2]) >= _SMALLEST_COLOURED
    return signature.image_format is not None or is_coloured


def as_pixels(images: np.ndarray) -> np.ndarray:
    """Images as uint8, all on one scale.

    Args:
        images: Shape (n, height, width) or (n, height, width, channels). Numbers that are no uint8 are
            taken as they are between 0 and 255 or 0 and 1, else stretched from the least to the most.
    """
    import numpy as np

    if images.dtype == np.uint8:
        pixels = images
    else:
        values = np.nan_to_num(np.asarray(images, np.float32))
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 255:
            values = (values - low) * (255 / max(high - low, 1e-12))
        elif high <= 1:
            values = values * 255
        pixels = values.round().astype(np.uint8)
    return pixels[..., 0] if pixels.ndim == 4 and pixels.shape[-1] == 1 else pixels
