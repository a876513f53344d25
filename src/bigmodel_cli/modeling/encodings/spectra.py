"""What `mel_spectrogram` and `mfcc` share: sounds as strengths of tones in bands of the mel scale."""

from __future__ import annotations

import math
from abc import ABC
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import Field

from bigmodel_cli.modeling.encodings.base import Encoding
from bigmodel_cli.signature import SAMPLE_RATE

if TYPE_CHECKING:
    import numpy as np

# Full scale less 100 dB: below it there is the noise of 16 bits, and silence.
_FLOOR = 1e-10
_LEAST_SPREAD = 1e-3
# Of two samples both are the ends of a window, which count nothing.
_LEAST_WINDOW = 4


class Spectra(Encoding, ABC):
    """Windows of a sound, and how strong tones are in each."""

    is_kept_of_files: ClassVar[bool] = True

    bands: Annotated[int, Field(ge=2, le=512)] = Field(40, description="Bands of the mel scale.")
    window_seconds: Annotated[float, Field(gt=0, le=1)] = Field(
        0.032, description="The length of the parts that are looked at."
    )
    hop_seconds: Annotated[float, Field(gt=0, le=1)] = Field(
        0.01, description="How far one part begins behind the other; at most window_seconds."
    )
    low: Annotated[float, Field(ge=0)] = Field(20.0, description="The lowest tone, in Hz.")
    high: Annotated[float, Field(gt=0)] | None = Field(
        None, description="The highest tone, in Hz; where left out, half of the sample rate."
    )
    top_db: Annotated[float, Field(gt=0)] | None = Field(
        80.0, description="What is so many decibels below a sound's loudest counts as that; null: nothing is."
    )
    sample_rate: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Where left out, that of the sounds."
    )

    def with_numbers(self, numbers: Mapping[str, int | None]) -> Self:
        rate = self.sample_rate or numbers.get(SAMPLE_RATE)
        return self.model_copy(update={SAMPLE_RATE: rate})

    def strengths(self, samples: Any) -> Any:
        """The logarithm of what each band has in each window.

        Args:
            samples: A `keras.KerasTensor` (batch, samples), float32 from -1 to 1.

        Returns:
            A `keras.KerasTensor` (batch, windows, bands), float32.

        Raises:
            ValueError: If options contradict the sounds; a sentence.
        """
        import numpy as np
        from keras import layers, ops

        rate = self._checked(samples)
        window = round(self.window_seconds * rate)
        length = 1 << (window - 1).bit_length()
        parts = layers.STFTSpectrogram(
            mode="psd",
            frame_length=window,
            frame_step=max(1, min(window, round(self.hop_seconds * rate))),
            fft_length=length,
            scaling=None,
            trainable=False,
            dtype="float32",
        )(ops.expand_dims(samples, -1))
        # A full tone has the strength 1, whatever the window.
        scale = 2 / np.square(np.hanning(window).sum())
        matrix = mel_matrix(length, rate, self.bands, self.low, self.high or rate / 2) * scale
        power = ops.maximum(fixed(matrix)(parts), _FLOOR)
        logarithm = ops.log(power)
        if self.top_db is None:
            return logarithm
        loudest = ops.max(logarithm, axis=(1, 2), keepdims=True)
        return ops.maximum(logarithm, loudest - self.top_db * math.log(10) / 10)

    def _checked(self, samples: Any) -> int:
        rate = self.sample_rate
        if len(samples.shape) != 2 or samples.shape[1] is None:
            raise ValueError(f"expected sounds of shape (batch, samples), found {tuple(samples.shape)}")
        if rate is None:
            raise ValueError("the sample rate is not known; write sample_rate: 16000")
        if round(self.window_seconds * rate) > samples.shape[1]:
            seconds = samples.shape[1] / rate
            raise ValueError(f"window_seconds: sounds are shorter, they have {seconds:g} s")
        if round(self.window_seconds * rate) < _LEAST_WINDOW:
            raise ValueError(f"window_seconds: at {rate:,} Hz it has less than {_LEAST_WINDOW} samples")
        if self.hop_seconds > self.window_seconds:
            raise ValueError("hop_seconds is longer than window_seconds: what is between is not heard")
        if not self.low < (self.high or rate / 2) <= rate / 2:
            raise ValueError(f"low and high: expected 0 ≤ low < high ≤ {rate / 2:g} Hz, half the sample rate")
        return rate


def of_one_scale(strengths: Any) -> Any:
    """Each sound less its mean, over its standard deviation: how loud it was recorded does not count."""
    from keras import ops

    less = strengths - ops.mean(strengths, axis=(1, 2), keepdims=True)
    return less / ops.sqrt(ops.mean(ops.square(less), axis=(1, 2), keepdims=True) + _LEAST_SPREAD)


def fixed(matrix: np.ndarray) -> Any:
    """A Keras layer that multiplies the last axis by a matrix, untrained.

    Args:
        matrix: (features in, features out).
    """
    import numpy as np
    from keras import layers

    layer = layers.Dense(matrix.shape[1], use_bias=False, trainable=False, dtype="float32")
    layer.build((None, matrix.shape[0]))
    layer.set_weights([matrix.astype(np.float32)])
    return layer


def mel_matrix(length: int, rate: int, bands: int, low: float, high: float) -> np.ndarray:
    """Triangles over the frequencies of a transform, evenly spaced on the mel scale (O'Shaughnessy 1987).

    Args:
        length: Samples that are transformed.
        rate: Samples in a second.
        bands: How many triangles.
        low, high: Where they begin and end, in Hz.

    Returns:
        (length / 2 + 1, bands); one that is narrower than frequencies are apart has the nearest frequency.
    """
    import numpy as np

    frequencies = np.arange(length // 2 + 1) * rate / length
    first, last = (2595 * math.log10(1 + end / 700) for end in (low, high))
    edges = 700 * (10 ** (np.linspace(first, last, bands + 2) / 2595) - 1)
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    up = (frequencies[:, None] - left) / (middle - left)
    down = (right - frequencies[:, None]) / (right - middle)
    matrix = np.maximum(0, np.minimum(up, down))
    empty = np.flatnonzero(matrix.sum(axis=0) == 0)
    matrix[np.abs(frequencies[:, None] - middle[empty]).argmin(axis=0), empty] = 1
    return np.asarray(matrix)
