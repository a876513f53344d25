"""Resampling by NumPy alone: SciPy's signal package takes longer to load than a prediction takes."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Rates are in proportions of numbers up to this: a filter for 44,101 to 16,000 would have 900,000 numbers.
_LARGEST_PART = 1_000
# SciPy's: zero crossings on either side, and how fast the window falls.
_CROSSINGS, _KAISER_BETA = 10, 5.0


def resampled(samples: np.ndarray, rate: int, to: int) -> np.ndarray:
    """Samples at another rate, as `scipy.signal.resample_poly` gives them: a windowed sinc in its phases.

    Args:
        samples: float32 of shape (n,).
        rate: Of them.
        to: The other one.

    Returns:
        float32 of shape (n * to / rate,), rounded up.
    """
    if rate == to or not len(samples):
        return samples
    import numpy as np

    up, down = _proportion(rate, to)
    phases = _phases(up, down)
    taps = phases.shape[1]
    count = -(-len(samples) * up // down)
    padded = np.pad(samples, (taps // 2, taps // 2 + 1)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps)
    result = np.empty(count, np.float32)
    # Each place of the result has its phase, the same again after `up` places and `down` samples.
    for first in range(min(up, count)):
        start, phase = divmod(first * down, up)
        part = result[first::up]
        part[:] = windows[start::down][: len(part)] @ phases[phase]
    return result


def _proportion(rate: int, to: int) -> tuple[int, int]:
    ratio = Fraction(to, rate)
    if max(ratio.numerator, ratio.denominator) > _LARGEST_PART:
        ratio = ratio.limit_denominator(_LARGEST_PART)
    return ratio.numerator, ratio.denominator


@lru_cache(maxsize=16)
def _phases(up: int, down: int) -> np.ndarray:
    """The filter as each phase meets samples, float32 of shape (up, taps), the earliest sample first."""
    import numpy as np

    widest = max(up, down)
    half = _CROSSINGS * widest
    whole = np.sinc(np.arange(-half, half + 1) / widest) * np.kaiser(2 * half + 1, _KAISER_BETA)
    whole *= up / whole.sum()
    reach = half // up + 1
    places = half + np.arange(up)[:, None] + np.arange(reach, -reach - 1, -1) * up
    is_inside = (places >= 0) & (places < len(whole))
    return np.where(is_inside, whole[places.clip(0, len(whole) - 1)], 0).astype(np.float32)
