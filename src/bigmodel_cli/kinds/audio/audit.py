"""What an audit looks at in sounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.kinds.audio.files.opening import Recorded, recorded
from bigmodel_cli.kinds.audio.files.spectrogram import pictures
from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.audit import Features, span_of

_SIDE = 32
# As loud as 16 bits can be, but for one; more than this part of a sound is no single beat.
_FULL, _CLIPPED_SHARE = 32_766 / 32_768, 0.001
_SILENT, _OFFSET = 0.001, 0.1
# Lossy formats come out a little above 1; samples that were never divided by 32,768 far above.
_FAR_BEYOND = 4.0


class AudioFeatures(Features):
    """Samples are described as a whole; small spectrograms are compared."""

    kind: AudioKind
    constant: ClassVar[str] = "of one level: nothing is heard"
    are_seen: ClassVar[bool] = True

    def header(self, path: Path) -> Recorded:
        return recorded(path)

    def describe_files(self, headers: Sequence[Recorded], names: Sequence[str]) -> dict[str, Any]:
        """Lengths, rates and channels of the files."""
        rates = Counter(header.sample_rate for header in headers)
        channels = Counter(header.channels for header in headers)
        return {
            "noun": self.kind.noun,
            "seconds": span_of(np.array([header.seconds for header in headers])),
            "sample_rates": {str(rate): count for rate, count in rates.most_common()},
            "channels": {str(number): count for number, count in channels.most_common()},
        }

    def faults(self, values: np.ndarray) -> dict[str, np.ndarray]:
        loudest = np.abs(values).max(axis=1)
        is_beyond = loudest > _FAR_BEYOND
        clipped = (np.abs(values) >= _FULL).mean(axis=1) > _CLIPPED_SHARE
        is_off = np.abs(values.mean(axis=1)) > _OFFSET * np.maximum(loudest, _SILENT)
        is_silent = loudest < _SILENT
        return {
            "clipped: their loudest moments are cut off": clipped & ~is_beyond,
            "far beyond full scale: samples are larger than 1, as if nobody had divided them": is_beyond,
            "silent: nothing is louder than -60 dB": is_silent,
            "off centre (a DC offset of more than a tenth of their loudest)": is_off & ~is_silent,
        }

    def channels(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(1, -1)

    def thumbnails(self, values: np.ndarray) -> np.ndarray:
        rate = self.kind.format.sample_rate
        return (255 * pictures(values, rate, _SIDE, _SIDE)).astype(np.float16)
