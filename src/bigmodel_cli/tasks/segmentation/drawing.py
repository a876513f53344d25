"""Masks as pictures: a file whose pixels are numbers of classes, and colours over an image."""

from __future__ import annotations

import io

import numpy as np

from bigmodel_cli.geometry import Geometry, Side

# Lines of a file that are computed at once.
_LINES = 64
# Of the first classes: grey for the background, then colours that are told apart in every kind of sight
# (Okabe and Ito 2008). What comes behind them is spread over the wheel.
_FIRST = (
    (128, 128, 128),
    (230, 159, 0),
    (0, 114, 178),
    (0, 158, 115),
    (213, 94, 0),
    (204, 121, 167),
    (86, 180, 233),
    (240, 228, 66),
)
# How much of a colour is laid over an image, and of the background's grey.
_STRENGTH = 0.5


def colors(num_classes: int) -> np.ndarray:
    """A colour for each class, uint8 of shape (classes, 3)."""
    import colorsys

    more = [colorsys.hsv_to_rgb(0.61803 * place % 1, 0.8, 0.9) for place in range(num_classes - len(_FIRST))]
    return np.array([*_FIRST, *(np.round(np.array(one) * 255) for one in more)], np.uint8)[:num_classes]


def mask_png(mask: np.ndarray, num_classes: int) -> bytes:
    """A PNG file whose pixels are numbers of classes, in their colours; of more than 255 in 16-bit grey.

    Args:
        mask: Of shape (height, width); -1 is the largest number that the file can have.
        num_classes: How many there are.
    """
    from PIL import Image

    buffer = io.BytesIO()
    if num_classes > 255:
        image = Image.fromarray(np.where(mask < 0, 65_535, mask).astype(np.uint16))
    else:
        image = Image.fromarray(np.where(mask < 0, 255, mask).astype(np.uint8), "P")
        # Pixels have as few bits as the palette needs: 255 would become a class unless it has a colour.
        num_colors = 256 if (mask < 0).any() else num_classes
        image.putpalette(colors(num_classes).tobytes().ljust(3 * num_colors, b"\0"))
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def in_size_of_file(values: np.ndarray, geometry: Geometry) -> np.ndarray:
    """The likeliest class of each pixel of a file, between whose pixels scores are interpolated.

    Args:
        values: Scores of shape (height, width, classes).
        geometry: Where the pixels are in the file.

    Returns:
        Whole numbers of the file's height and width; -1 where the model saw nothing of it.
    """
    (above, below, down, is_row), (left, right, across, is_column) = (
        _neighbours(side, count) for side, count in zip((geometry.y, geometry.x), values.shape, strict=False)
    )
    found = np.full((len(is_row), len(is_column)), -1, np.int32)
    # Some lines at once: scores of a whole photograph may be more than memory has room for.
    for start in range(0, len(found), _LINES):
        lines = slice(start, start + _LINES)
        share = down[lines, np.newaxis, np.newaxis]
        rows = values[above[lines]] * (1 - share) + values[below[lines]] * share
        share = across[np.newaxis, :, np.newaxis]
        found[lines] = (rows[:, left] * (1 - share) + rows[:, right] * share).argmax(axis=-1)
    return np.where(is_row[:, np.newaxis] & is_column, found, -1)


def _neighbours(side: Side, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each pixel of a side the two that it is between, how far from the first, and whether it was seen."""
    places = (np.arange(side.length) + 0.5 - side.start) / side.step
    inside = np.clip(places - 0.5, 0, count - 1)
    first = np.floor(inside).astype(np.int64)
    was_seen = (places > 0) & (places < count)
    return first, np.minimum(first + 1, count - 1), inside - first, was_seen


def over(pixels: np.ndarray, mask: np.ndarray, num_classes: int) -> np.ndarray:
    """An image with the colours of its mask, but for the first class, which is left as it is.

    Args:
        pixels: uint8 of shape (height, width) or (height, width, 1, 3 or 4).
        mask: Of the same height and width; -1 is left as it is, too.
        num_classes: How many there are.

    Returns:
        uint8 of shape (height, width, 3).
    """
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    if pixels.shape[-1] != 3:
        pixels = pixels[..., :3] if pixels.shape[-1] == 4 else np.repeat(pixels[..., :1], 3, axis=-1)
    mixed = (1 - _STRENGTH) * pixels + _STRENGTH * colors(num_classes)[np.maximum(mask, 0)]
    return np.where((mask > 0)[..., np.newaxis], mixed, pixels).round().astype(np.uint8)
