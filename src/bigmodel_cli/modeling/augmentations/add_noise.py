"""`add_noise`: sounds with noise over them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.files.decoding import decode_sound
from bigmodel_cli.kinds.audio.files.opening import recorded
from bigmodel_cli.kinds.audio.kind import AudioFormat
from bigmodel_cli.modeling.augmentations.base import (
    Augmenting,
    Probability,
    Range,
    are_waves,
    one_each,
    some,
)
from bigmodel_cli.signature import SAMPLE_RATE
from bigmodel_cli.sources.file_walk import FileWalk
from bigmodel_cli.sources.sought_sounds import SOUNDS

if TYPE_CHECKING:
    import numpy as np

# Of all noises together so many seconds are kept in memory.
_LONGEST_SECONDS = 600.0
_LEAST = 1e-6


class AddNoise(Augmenting):
    """White noise over waves or spectrograms, or over waves a part of one of the sounds in a folder."""

    augmentation_name: ClassVar[str] = "add_noise"
    example: ClassVar[str] = "add_noise: {snr_db: [5, 30]}"

    snr_db: Range = Field(
        (5.0, 30.0), description="From how many decibels to how many a sound is louder than its noise."
    )
    noises: ConfigPath | None = Field(
        None,
        description="A folder of sounds to draw noise from; of all of them the first ten minutes.",
    )
    probability: Probability = Field(1.0, description="Which part of the sounds is changed.")
    sample_rate: int | None = Field(None, description="Of the noises; where left out, that of the sounds.")

    def with_numbers(self, numbers: Mapping[str, int | None]) -> Self:
        return self.model_copy(update={SAMPLE_RATE: self.sample_rate or numbers.get(SAMPLE_RATE)})

    def unfit(self, shape: tuple[int | None, ...]) -> str | None:
        if self.noises is None or are_waves(shape):
            return None
        return "noises are added to waves, and spectrograms arrive; move those to model, or leave noises out"

    def change(self, values: Any, generator: Any) -> Any:
        import keras
        import tensorflow as tf

        axes = range(1, len(values.shape))
        if self.noises is None:
            noise = keras.random.normal(tf.shape(values), seed=generator)
        else:
            noise = self._drawn(values, generator)
        factor = 10 ** (-one_each(values, *self.snr_db, generator) / 20)
        loudness, of_noise = (tf.math.reduce_std(one, axis=axes, keepdims=True) for one in (values, noise))
        noisy = values + noise * factor * loudness / tf.maximum(of_noise, _LEAST)
        return some(values, noisy, self.probability, generator)

    def _drawn(self, values: Any, generator: Any) -> Any:
        """For each sound a part of the noises: (batch, samples)."""
        import tensorflow as tf

        noises, length = tf.constant(self._noises), int(values.shape[1])
        start = one_each(values, 0.0, 1.0, generator) * tf.cast(len(self._noises), tf.float32)
        places = tf.cast(start, tf.int32) + tf.range(length)[None]
        return tf.gather(noises, places % len(self._noises))

    @cached_property
    def _noises(self) -> np.ndarray:
        """All noises one after the other, float32.

        Raises:
            DataError: If there is none, or one cannot be read.
        """
        import numpy as np

        rate = self.sample_rate
        if rate is None or self.noises is None:
            raise DataError("add_noise: the sample rate is not known", hint="write sample_rate: 16000")
        parts: list[np.ndarray] = []
        left = _LONGEST_SECONDS
        for file in FileWalk(SOUNDS).files_below(self.noises):
            seconds = min(left, recorded(path := type(self.noises)(file)).seconds)
            if seconds * rate >= 1:
                parts.append(decode_sound(path, AudioFormat(rate, seconds)))
                left -= seconds
        if not parts:
            raise DataError(f"{self.noises}: no sound in this folder", hint="noises: a folder of sounds")
        return np.concatenate(parts)
