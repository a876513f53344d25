"""What is measured of sounds."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.audio.files.spectrogram import pictures
from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.familiar import ValueMeasuring

# A moment in which no sample is louder is silent.
_SILENT = 0.01
_MOMENTS = 50
_SHAPE = (12, 12)


class AudioMeasuring(ValueMeasuring):
    """Measures how loud, high and interrupted sounds are, and compares small spectrograms."""

    kind: AudioKind
    advice = "record as the training sounds were: with about the same loudness and distance"

    def span(self, values: np.ndarray) -> tuple[float, float]:
        return -1.0, 1.0

    def arranged(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(len(values), -1)

    def measures(self, values: np.ndarray) -> dict[str, np.ndarray]:
        waves = 2 * values - 1
        power = np.sqrt(np.square(waves).mean(axis=1))
        moments = np.abs(_in_moments(waves)).max(axis=2)
        return {
            "loudness in dB": 20 * np.log10(np.maximum(power, 1e-5)),
            "peak": np.abs(waves).max(axis=1),
            "silent share": (moments < _SILENT).mean(axis=1),
            "offset": waves.mean(axis=1),
            "roughness": np.abs(np.diff(waves, axis=1)).mean(axis=1) / np.maximum(power, 1e-5),
        }

    def shapes(self, values: np.ndarray) -> np.ndarray:
        """Small spectrograms."""
        found = pictures(2 * values - 1, self.kind.format.sample_rate, *_SHAPE)
        return found.reshape(len(values), -1)


def _in_moments(waves: np.ndarray) -> np.ndarray:
    """Samples of shape (n, samples) as (n, moments, …); what is over at the end is left out."""
    count = max(1, min(_MOMENTS, waves.shape[1]))
    each = waves.shape[1] // count
    return waves[:, : count * each].reshape(len(waves), count, each)
