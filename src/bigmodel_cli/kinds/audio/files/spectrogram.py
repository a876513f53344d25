"""Sounds as small pictures: how strong low and high tones are, from moment to moment. NumPy alone."""

from __future__ import annotations

import numpy as np

# About the length of a window in seconds, and how many decibels below the loudest moment silence begins.
_WINDOW_SECONDS = 0.032
_RANGE = 80.0
# Numbers that are transformed at once.
_AT_ONCE = 1 << 22


def pictures(samples: np.ndarray, sample_rate: int, rows: int, columns: int) -> np.ndarray:
    """Strengths in bands of the mel scale, low tones in the last row.

    Args:
        samples: float32 of shape (n, samples).
        sample_rate: Of them.
        rows: Bands, at most.
        columns: Moments, at most.

    Returns:
        float32 of shape (n, rows, columns) from 0, which is silence or 80 dB below the loudest, to 1.
    """
    length = samples.shape[1]
    window = min(length, 1 << max(4, round(np.log2(_WINDOW_SECONDS * sample_rate))))
    columns = max(1, min(columns, length // max(1, window // 4)))
    starts = np.linspace(0, length - window, columns).round().astype(np.int64)
    bands = _bands(window, sample_rate, rows)
    at_once = max(1, _AT_ONCE // (window * columns))
    parts = [
        _strengths(samples[first : first + at_once], starts, window, bands)
        for first in range(0, max(1, len(samples)), at_once)
    ]
    return np.concatenate(parts)


def _strengths(samples: np.ndarray, starts: np.ndarray, window: int, bands: np.ndarray) -> np.ndarray:
    frames = samples[:, starts[:, None] + np.arange(window)] * np.hanning(window).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames, axis=-1))) @ bands.T
    decibels = 10 * np.log10(np.maximum(power, 1e-10))
    loudest = np.maximum(decibels.max(axis=(1, 2), keepdims=True), -_RANGE / 2)
    scaled = np.clip((decibels - loudest) / _RANGE + 1, 0, 1)
    return np.ascontiguousarray(scaled.transpose(0, 2, 1)[:, ::-1], np.float32)


def _bands(window: int, sample_rate: int, rows: int) -> np.ndarray:
    """Which frequencies count in each band, by parts that are 1 together: (rows, frequencies)."""
    frequencies = np.arange(window // 2 + 1) * sample_rate / window
    mels = 2595 * np.log10(1 + frequencies / 700)
    edges = np.linspace(0, mels[-1], rows + 1)
    # Where bands are narrower than what a window tells apart, they share the nearest frequency.
    places = np.abs(mels[None] - ((edges[:-1] + edges[1:]) / 2)[:, None])
    inside = (mels[None] >= edges[:-1, None]) & (mels[None] < edges[1:, None])
    inside[np.arange(rows), places.argmin(axis=1)] = True
    return np.asarray(inside / inside.sum(axis=1, keepdims=True))
