"""Sounds for simple models: how strong low and high tones are, from moment to moment."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.audio.files.spectrogram import pictures
from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.baseline import Encoder, Encoding, as_rows, in_memory
from bigmodel_cli.kinds.image.shrinking import shrunk
from bigmodel_cli.sources.stores import Store

# The sides of what is kept of a sound, and of what trees get.
_SIDE, _TREES_SIDE = 24, 12
# Sounds that are turned at once.
_AT_ONCE = 256


class AudioEncoder(Encoder):
    """Small spectrograms."""

    kind: AudioKind

    @property
    def num_features(self) -> int:
        return _SIDE * _SIDE

    @property
    def num_tree_features(self) -> int:
        return _TREES_SIDE * _TREES_SIDE

    def values(self, store: Store) -> np.ndarray:
        parts = [
            self._pictures(in_memory(store.take(np.arange(first, min(first + _AT_ONCE, len(store))))))
            for first in range(0, max(1, len(store)), _AT_ONCE)
        ]
        return np.concatenate(parts)

    def for_linear(self, values: np.ndarray) -> Encoding:
        mean, scale = values.mean(axis=0, dtype=np.float64), float(values.std(dtype=np.float64)) or 1.0
        return Encoding(lambda rows: ((rows - mean) / scale).astype(np.float32))

    def for_trees(self, values: np.ndarray) -> Encoding:
        return Encoding(
            lambda rows: as_rows(rows.reshape(len(rows), _SIDE, -1), lambda found: shrunk(found, _TREES_SIDE))
        )

    def _pictures(self, sounds: np.ndarray) -> np.ndarray:
        return as_rows(pictures(sounds, self.kind.format.sample_rate, _SIDE, _SIDE))
