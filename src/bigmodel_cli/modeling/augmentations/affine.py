"""`affine`: images turned, moved, zoomed and sheared, all at once."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bigmodel_cli.modeling.augmentations.base import Augmenting, Probability, some

Part = Annotated[float, Field(ge=0, lt=1)]


class Affine(Augmenting):
    """Each image turned, moved, zoomed and sheared by numbers of its own, in one resampling.

    A layer for each of them would resample an image, and blur it, as many times.
    """

    augmentation_name: ClassVar[str] = "affine"
    example: ClassVar[str] = "affine: {rotation: 0.04, translation: 0.1, zoom: 0.1, shear: 0.1}"
    moves_pixels: ClassVar[bool] = True

    rotation: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.04, description="How far at most, in either direction, as a part of a full turn."
    )
    translation: Part = Field(
        0.1, description="How far at most, in each direction, as a part of height and width."
    )
    zoom: Part = Field(0.1, description="By which part at most larger or smaller.")
    stretch: Part = Field(0.05, description="By which part at most the width is zoomed otherwise.")
    shear: Part = Field(0.1, description="How far at most a row slides for each row that it is away.")
    fill_mode: Literal["constant", "reflect", "wrap", "nearest"] = Field(
        "reflect",
        description="What comes in from outside: one value, the image mirrored, again, or its border.",
    )
    fill_value: float = Field(0.0, description="That value.")
    probability: Probability = Field(1.0, description="Which part of the images is changed.")

    def unfit(self, shape: tuple[int | None, ...]) -> str | None:
        if len(shape) == 4:
            return None
        return f"affine changes images, and {_what(shape)} arrive; take it out, or put it where images are"

    def change(self, values: Any, generator: Any) -> Any:
        return self.drawn(values, generator)(values, self.fill_value)

    def change_with_masks(self, images: Any, masks: Any, generator: Any) -> tuple[Any, Any]:
        move = self.drawn(images, generator)
        return move(images, self.fill_value), move(masks, 0.0, "nearest")

    def drawn(self, images: Any, generator: Any) -> Callable[..., Any]:
        """What moves one thing after another by the same numbers.

        Args:
            images: Of shape (batch, height, width, channels).
            generator: A `keras.random.SeedGenerator`.
        """
        import keras
        import tensorflow as tf

        batch, height, width = (tf.shape(images)[axis] for axis in range(3))
        numbers = keras.random.uniform((batch, 6), -1.0, 1.0, seed=generator)
        turn, zoom, stretch, shear, down, right = tf.unstack(numbers, axis=1)
        sine, cosine = tf.sin(turn * self.rotation * 2 * pi), tf.cos(turn * self.rotation * 2 * pi)
        rows = 1 + zoom * self.zoom
        columns = rows * (1 + stretch * self.stretch)
        shear *= self.shear
        # Where in the image each pixel (x, y) comes from, around the middle.
        of_x = (columns * cosine, columns * (cosine * shear - sine))
        of_y = (rows * sine, rows * (sine * shear + cosine))
        middle_x, middle_y = tf.cast(width - 1, tf.float32) / 2, tf.cast(height - 1, tf.float32) / 2
        to_x = middle_x - of_x[0] * middle_x - of_x[1] * middle_y
        to_y = middle_y - of_y[0] * middle_x - of_y[1] * middle_y
        to_x += right * self.translation * tf.cast(width, tf.float32)
        to_y += down * self.translation * tf.cast(height, tf.float32)
        none = tf.zeros_like(turn)
        transform = tf.stack([*of_x, to_x, *of_y, to_y, none, none], axis=1)
        chosen = some(none, none + 1, self.probability, generator)
        unchanged = tf.constant([[1.0, 0, 0, 0, 1, 0, 0, 0]])
        transform = tf.where(chosen[:, None] > 0, transform, unchanged)

        def move(values: Any, fill_value: float, interpolation: str = "bilinear") -> Any:
            return keras.ops.image.affine_transform(
                values,
                transform,
                interpolation=interpolation,
                fill_mode=self.fill_mode,
                fill_value=fill_value,
                data_format="channels_last",
            )

        return move


def _what(shape: tuple[int | None, ...]) -> str:
    return "sounds" if len(shape) == 2 else "no images"
