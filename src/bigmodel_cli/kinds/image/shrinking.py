"""Pictures made smaller, each pixel the mean of what it covers."""

from __future__ import annotations

import numpy as np


def shrunk(pixels: np.ndarray, side: int) -> np.ndarray:
    """Pictures of at most some size; sides that are shorter stay as they are.

    Args:
        pixels: Shape (n, height, width) or (n, height, width, channels).
        side: What height and width are at most.

    Returns:
        float32 of shape (n, min(height, side), min(width, side), …), in the range of the pixels.
    """
    height, width = pixels.shape[1:3]
    planes = pixels.astype(np.float32)
    if planes.ndim == 4:
        planes = np.moveaxis(planes, -1, 1)
    if height > side:
        planes = _averaging(height, side) @ planes
    if width > side:
        planes = planes @ _averaging(width, side).T
    return np.moveaxis(planes, 1, -1) if planes.ndim == 4 else planes


def _averaging(size: int, to: int) -> np.ndarray:
    """The matrix that makes `to` pixels of `size`, each the mean of what it covers: float32 (to, size)."""
    edges = np.arange(to + 1) * (size / to)
    pixels = np.arange(size)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    matrix: np.ndarray = (np.clip(covered, 0, None) * (to / size)).astype(np.float32)
    return matrix
