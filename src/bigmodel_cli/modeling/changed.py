"""The Keras layer of an augmentation that is no Keras layer of its own."""

from __future__ import annotations

from typing import Any

import keras

from bigmodel_cli.modeling.augmentations.base import Augmenting


class Changed(keras.layers.Layer):  # type: ignore[misc]
    """Changes batches in training, and leaves them as they are elsewhere.

    Args:
        options: Say how.
    """

    def __init__(self, options: Augmenting) -> None:
        name = options.augmentation_name
        number = keras.backend.get_uid(name)
        # Drawing in half the digits would give few different values.
        super().__init__(name=name if number == 1 else f"{name}_{number - 1}", dtype="float32")
        self.options = options
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, values: Any, training: bool = False) -> Any:
        return self.options.change(values, self.seed_generator) if training else values

    def compute_output_spec(self, values: Any, training: bool = False) -> Any:
        # Places in a vocabulary stay whole numbers.
        return keras.KerasTensor(values.shape, dtype=values.dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Moved(Changed):
    """The same of an augmentation that moves pixels: takes masks too, as Keras's layers do."""

    moves_masks = True

    def call(self, values: Any, training: bool = False) -> Any:
        if not isinstance(values, dict):
            return super().call(values, training)
        images, masks = values["images"], values["segmentation_masks"]
        images, masks = self.options.change_with_masks(images, masks, self.seed_generator)
        return {"images": images, "segmentation_masks": masks}
