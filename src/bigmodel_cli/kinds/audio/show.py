"""How a sound is shown: its wave above its spectrogram."""

from __future__ import annotations

import base64
import io
import wave
from typing import TYPE_CHECKING

from bigmodel_cli.kinds.audio.kind import AudioKind
from bigmodel_cli.kinds.show import Show

if TYPE_CHECKING:
    import numpy as np

_WIDTH, _WAVE, _TONES = 192, 32, 80
# Of 16 bits.
_LARGEST = 32_767
_INK, _PAPER = (31, 78, 121), (255, 255, 255)
# From silence to the loudest: dark blue, violet, orange, light yellow.
_COLORS = ((0, 0, 30), (70, 20, 110), (180, 50, 100), (245, 130, 50), (255, 245, 190))


class AudioShow(Show):
    """A picture of the wave, and below it how strong low and high tones are."""

    kind: AudioKind

    @property
    def are_pictures(self) -> bool:
        return True

    @property
    def are_photographs(self) -> bool:
        return False

    def pixels(self, value: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.concatenate([_wave(value), self.tones(value)])

    def sound(self, value: np.ndarray) -> str:
        import numpy as np

        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.kind.format.sample_rate)
            file.writeframes((np.clip(value, -1, 1) * _LARGEST).round().astype("<i2").tobytes())
        return base64.b64encode(buffer.getvalue()).decode("ascii")

    def tones(self, value: np.ndarray) -> np.ndarray:
        """The lower part of the picture: uint8 (height, width, 3)."""
        import numpy as np

        from bigmodel_cli.kinds.audio.files.spectrogram import pictures

        (strengths,) = pictures(value[None], self.kind.format.sample_rate, _TONES, _WIDTH)
        wide = strengths[:, np.linspace(0, strengths.shape[1] - 1, _WIDTH).round().astype(int)]
        levels = np.linspace(0, 1, len(_COLORS))
        channels = [np.interp(wide, levels, [color[channel] for color in _COLORS]) for channel in range(3)]
        return np.stack(channels, axis=-1).round().astype(np.uint8)


def _wave(value: np.ndarray) -> np.ndarray:
    """The least and the largest sample of each moment, as a line from one to the other."""
    import numpy as np

    edges = np.linspace(0, len(value), _WIDTH + 1).astype(int)
    starts = np.minimum(edges[:-1], len(value) - 1)
    low, high = np.minimum.reduceat(value, starts), np.maximum.reduceat(value, starts)
    rows = np.linspace(1, -1, _WAVE)[:, None]
    half = 1 / _WAVE
    is_ink = (rows <= np.clip(high, -1, 1)[None] + half) & (rows >= np.clip(low, -1, 1)[None] - half)
    return np.where(is_ink[..., None], np.array(_INK), np.array(_PAPER)).astype(np.uint8)
