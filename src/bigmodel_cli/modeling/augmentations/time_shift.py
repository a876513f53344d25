"""`time_shift`: sounds earlier or later."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.modeling.augmentations.base import Augmenting, Probability, one_each, some


class TimeShift(Augmenting):
    """Each sound, or its spectrogram, earlier or later by a time of its own."""

    augmentation_name: ClassVar[str] = "time_shift"
    example: ClassVar[str] = "time_shift: {factor: 0.1}"

    factor: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="How far at most, in either direction, as a part of the sound's length."
    )
    fill: Literal["silence", "wrap"] = Field(
        "silence", description="What comes in at the end: the least that the sound has, or what went out."
    )
    probability: Probability = Field(1.0, description="Which part of the sounds is changed.")

    def change(self, values: Any, generator: Any) -> Any:
        import tensorflow as tf

        length = int(values.shape[1])
        drawn = tf.reshape(one_each(values, -self.factor, self.factor, generator), [-1, 1])
        shift = tf.cast(tf.round(drawn * length), tf.int32)
        places = tf.range(length)[None] - shift
        moved = tf.gather(values, places % length, batch_dims=1)
        if self.fill == "silence":
            is_there = (places >= 0) & (places < length)
            for _ in values.shape[2:]:
                is_there = is_there[..., None]
            moved = tf.where(is_there, moved, _silence(values))
        return some(values, moved, self.probability, generator)


def _silence(values: Any) -> Any:
    """0 of waves; of a logarithm the least that there is."""
    import tensorflow as tf

    if len(values.shape) == 2:
        return tf.zeros([], values.dtype)
    return tf.reduce_min(values, axis=range(1, len(values.shape)), keepdims=True)
