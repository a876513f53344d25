"""The even ground that something was drawn on: paper under uneven light, or one colour of a paint program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

# Longer side of the picture that the ground is fitted to.
_SIDE = 48
# The part of the shorter side that counts as border, on each side.
_BORDER = 0.06
# How many terms of 1, x, y, x², y², xy are fitted one after another, since ink would bend a surface at once.
_TERMS = (1, 3, 6, 6, 6)
# What is further than this from the border's colour is no ground; then what is further from one colour, and
# from the fit, or further than so many typical distances.
_FIRST_TOLERANCE, _FLAT_TOLERANCE, _LEAST_TOLERANCE = 60.0, 30.0, 10.0
_DEVIATIONS = 3.5
# A ground of which less of the border is part is none.
_LEAST_EVEN = 0.8

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Ground:
    """Colours of a ground that change slowly from place to place.

    Attributes:
        coefficients: Of a quadratic surface per channel, shape (6, 3).
        unevenness: How far most of the border is from that, at most.
    """

    coefficients: np.ndarray
    unevenness: float = 0.0

    def differences(self, image: Image.Image, box: Box, size: tuple[int, int]) -> np.ndarray:
        """How far a part of the picture is from its ground.

        Args:
            image: The picture, RGB.
            box: The part, (left, top, right, bottom).
            size: (width, height) that it is brought to.

        Returns:
            float32 of shape (height, width, 3); positive where it is brighter.
        """
        left, top, right, bottom = box
        shrinks = size[0] < right - left
        part = image.resize(size, Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC, box=box)
        x = (left + _middles(size[0]) * (right - left)) / image.width
        y = (top + _middles(size[1]) * (bottom - top)) / image.height
        return np.asarray(np.asarray(part, np.float32) - _terms(x, y) @ self.coefficients)


def find_ground(image: Image.Image) -> Ground | None:
    """The ground of an RGB picture, which its border is part of; None where the border is not even."""
    scale = min(1.0, _SIDE / max(image.size))
    size = (max(4, round(image.width * scale)), max(4, round(image.height * scale)))
    pixels = np.asarray(image.resize(size, Image.Resampling.BOX), np.float32).reshape(-1, 3)
    terms = _terms(_middles(size[0]), _middles(size[1])).reshape(-1, len(_TERMS) + 1)
    border = _border(size)
    is_ground = np.abs(pixels - np.median(pixels[border], axis=0)).max(axis=1) < _FIRST_TOLERANCE
    coefficients = np.zeros((terms.shape[1], 3), np.float32)
    for count in _TERMS:
        if is_ground.sum() < 4 * count:
            return None
        known = terms[is_ground, :count]
        coefficients[:count] = np.linalg.solve(
            known.T @ known + 1e-3 * np.eye(count, dtype=np.float32), known.T @ pixels[is_ground]
        )
        distances = np.abs(pixels - terms @ coefficients).max(axis=1)
        is_ground = distances < max(
            _LEAST_TOLERANCE if count > 1 else _FLAT_TOLERANCE, _DEVIATIONS * np.median(distances[is_ground])
        )
    if is_ground[border].mean() < _LEAST_EVEN:
        return None
    return Ground(coefficients, float(np.quantile(distances[border], _LEAST_EVEN)))


def _middles(count: int) -> np.ndarray:
    """The middles of so many pixels of a side, between 0 and 1."""
    return (np.arange(count, dtype=np.float32) + 0.5) / count


def _terms(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1, x, y, x², y², xy at each place, between -1 and 1, shape (len(y), len(x), 6)."""
    across, down = np.meshgrid(2 * x - 1, 2 * y - 1)
    ones = np.ones_like(across)
    return np.stack([ones, across, down, across**2, down**2, across * down], axis=-1).astype(np.float32)


def _border(size: tuple[int, int]) -> np.ndarray:
    """Which pixels of a picture are its border, of shape (height * width,)."""
    width, height = size
    thick = max(1, round(_BORDER * min(size)))
    border = np.ones((height, width), np.bool_)
    border[thick:-thick, thick:-thick] = False
    return border.reshape(-1)
