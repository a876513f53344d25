"""`spec_augment`: parts of a spectrogram that are not heard (Park et al. 2019)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bigmodel_cli.modeling.augmentations.base import Augmenting, are_waves

_Count = Annotated[int, Field(ge=0, le=20)]
_Width = Annotated[int, Field(ge=1, le=10_000)]


class SpecAugment(Augmenting):
    """Bands and moments of each spectrogram are replaced by its mean (arXiv:1904.08779, without its warping).

    How wide each mask is, from 0 to the width, and where it begins, is drawn for each sound.
    """

    augmentation_name: ClassVar[str] = "spec_augment"
    example: ClassVar[str] = "spec_augment: {frequency_masks: 2, frequency_width: 8, time_masks: 2}"

    frequency_masks: _Count = Field(2, description="Masks over bands: all moments of some bands.")
    frequency_width: _Width = Field(8, description="Bands of such a mask, at most.")
    time_masks: _Count = Field(2, description="Masks over moments: all bands of some moments.")
    time_width: _Width = Field(20, description="Windows of such a mask, at most.")
    time_share: Annotated[float, Field(gt=0, le=1)] = Field(
        0.2, description="Which part of all windows such a mask takes at most."
    )

    def unfit(self, shape: tuple[int | None, ...]) -> str | None:
        if not are_waves(shape):
            return None
        return "spec_augment masks spectrograms, and waves arrive; write mel_spectrogram in preprocessing"

    def change(self, values: Any, generator: Any) -> Any:
        import tensorflow as tf

        windows, bands = int(values.shape[1]), int(values.shape[2])
        axes = range(1, len(values.shape))
        mean = tf.reduce_mean(values, axis=axes, keepdims=True)
        widest = max(1, min(self.time_width, int(windows * self.time_share)))
        batch = tf.shape(values)[0]
        is_masked = _masks(batch, windows, self.time_masks, widest, generator)[:, :, None]
        of_bands = _masks(batch, bands, self.frequency_masks, min(self.frequency_width, bands), generator)
        is_masked |= of_bands[:, None, :]
        for _ in values.shape[3:]:
            is_masked = is_masked[..., None]
        return tf.where(is_masked, mean, values)


def _masks(batch: Any, length: int, count: int, widest: int, generator: Any) -> Any:
    """Which places are under one of several masks: bool (batch, length)."""
    import keras
    import tensorflow as tf

    if not count:
        return tf.zeros([batch, length], tf.bool)
    width, start = (keras.random.uniform([batch, count, 1], seed=generator) for _ in range(2))
    width = tf.floor(width * (widest + 1))
    start = tf.floor(start * (length - width + 1))
    places = tf.range(length, dtype=tf.float32)
    return tf.reduce_any((places >= start) & (places < start + width), axis=1)
