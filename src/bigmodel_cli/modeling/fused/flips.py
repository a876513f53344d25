"""Flips that are part of the rotation behind them, instead of a pass over the images of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bigmodel_cli.modeling.augmentation import Augmentation


def fused_flips(augmentation: Sequence[Augmentation]) -> list[Augmentation]:
    """The same augmentation, a random flip and the random rotation right behind it being one step.

    Random numbers are drawn as the layers draw them, and each pixel is interpolated between the same pixels.
    """
    fused: list[Augmentation] = []
    for item in augmentation:
        if fused and _can_be_one(fused[-1].layer, item.layer):
            fused[-1] = Augmentation(_FlipAndRotation(fused[-1].layer, item.layer), mixes_labels=False)
        else:
            fused.append(item)
    return fused


def _can_be_one(first: Any, second: Any) -> bool:
    import keras

    return (
        type(first) is keras.layers.RandomFlip
        and type(second) is keras.layers.RandomRotation
        and {first.data_format, second.data_format} == {"channels_last"}
        and first.compute_dtype == second.compute_dtype
        # Between two pixels that are equally near, `nearest` would take the other one.
        and second.interpolation == "bilinear"
    )


class _FlipAndRotation:
    """Both layers in one resampling.

    A rotation maps the place (x, y) of each pixel to where it comes from: (a x + b y + c, d x + e y + f), as
    the row [a, b, c, d, e, f, 0, 0]. In a flipped image this is at (width - 1 - (a x + b y + c), …).
    """

    def __init__(self, flip: Any, rotation: Any) -> None:
        self.flip = flip
        self.rotation = rotation

    def __call__(self, images: Any, *, training: bool) -> Any:
        import tensorflow as tf

        images = tf.cast(images, self.rotation.compute_dtype)
        flips = self.flip.get_random_transformation(images, training=training)["flips"]
        transformation = self.rotation.get_random_transformation(images, training=training)
        matrix = transformation["rotation_matrix"]
        height, width = (tf.cast(size, matrix.dtype) for size in tf.unstack(tf.shape(images)[1:3]))
        x, y, rest = matrix[:, 0:3], matrix[:, 3:6], matrix[:, 6:8]
        flipped_x, flipped_y = x, y
        if "horizontal" in self.flip.mode:
            flipped_x = tf.stack([tf.zeros_like(width), tf.zeros_like(width), width - 1]) - x
        if "vertical" in self.flip.mode:
            flipped_y = tf.stack([tf.zeros_like(height), tf.zeros_like(height), height - 1]) - y
        both = tf.where(tf.reshape(flips, (-1, 1)), tf.concat([flipped_x, flipped_y, rest], -1), matrix)
        return self.rotation.transform_images(
            images, {**transformation, "rotation_matrix": both}, training=training
        )
