"""What is measured of examples, so that new ones can be compared with those of training; NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bigmodel_cli.kinds.show import Show
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature

# The longer side of a thumbnail, at most.
_THUMBNAIL = 14
# What is this near the border's mean is background, as a part of the range of values.
_NEAR = 0.1
# What a picture without contrast has instead, where something is divided by that.
_LEAST_CONTRAST = 0.02

BRIGHTNESS, BORDER = "brightness", "border"


def scaled(features: np.ndarray, signature: Signature, span: tuple[float, float]) -> np.ndarray:
    """Examples as float32 whose values lie between 0 and 1 where they are in the range of training.

    Args:
        features: Shape (n, …).
        signature: What one of them is; images get an axis of channels.
        span: The least and the largest value.
    """
    low, high = span
    values = (np.asarray(features, np.float32) - np.float32(low)) * np.float32(1 / max(high - low, 1e-12))
    if part_of(signature.kind, Show).are_pictures:
        return values if values.ndim == 4 else values[..., np.newaxis]
    return values.reshape(len(values), -1)


def measures(values: np.ndarray) -> dict[str, np.ndarray]:
    """A few numbers of each example, each of shape (n,), by their name.

    Args:
        values: As `scaled` has them: images of shape (n, height, width, channels), others (n, features).
    """
    if values.ndim == 2:
        return {"mean": values.mean(axis=1), "spread": values.std(axis=1)}
    grey = _grey(values)
    contrast = grey.std(axis=(1, 2))
    border = np.concatenate([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], axis=1).mean(axis=1)
    steps = np.abs(np.diff(grey, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2))
    found = {
        BRIGHTNESS: grey.mean(axis=(1, 2)),
        "contrast": contrast,
        BORDER: border,
        "background": (np.abs(grey - border[:, np.newaxis, np.newaxis]) < _NEAR).mean(axis=(1, 2)),
        "roughness": steps / (2 * contrast + _LEAST_CONTRAST),
    }
    if values.shape[-1] >= 3:
        colors = values[..., :3]
        found["colour"] = (colors.max(axis=-1) - colors.min(axis=-1)).mean(axis=(1, 2))
    return found


def negative(measured: Mapping[str, float]) -> dict[str, float]:
    """What would be measured of an image whose bright is dark."""
    return {name: 1 - value if name in (BRIGHTNESS, BORDER) else value for name, value in measured.items()}


def thumbnails(values: np.ndarray) -> np.ndarray:
    """Small grey images of images of shape (n, height, width, channels); float32 of shape (n, features)."""
    grey = _grey(values)
    count, height, width = grey.shape
    factor = -(-max(height, width) // _THUMBNAIL)
    rows, columns = max(1, height // factor), max(1, width // factor)
    down, across = min(factor, height), min(factor, width)
    blocks = grey[:, : rows * down, : columns * across].reshape(count, rows, down, columns, across)
    return np.asarray(blocks.mean(axis=(2, 4)).reshape(count, -1))


def _grey(values: np.ndarray) -> np.ndarray:
    return values[..., 0] if values.shape[-1] < 3 else values[..., :3].mean(axis=-1)
