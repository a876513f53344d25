"""What an audit looks at in sounds."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bigmodel_cli.kinds.audio.files.spectrogram import pictures
from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.audit import Features

_SIDE = 32


class AudioFeatures(Features):
    """Samples are described as a whole; small spectrograms are compared."""

    kind: AudioKind
    constant: ClassVar[str] = "of one level: nothing is heard"
    are_seen: ClassVar[bool] = True

    def channels(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(1, -1)

    def thumbnails(self, values: np.ndarray) -> np.ndarray:
        rate = self.kind.format.sample_rate
        return (255 * pictures(values, rate, _SIDE, _SIDE)).astype(np.float16)
