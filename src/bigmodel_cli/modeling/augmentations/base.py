"""What an augmentation is: options from the config, a batch in, a changed one out, in training alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(gt=0, le=1)]
# The two ends of what is drawn.
Range = Annotated[tuple[float, float], Field()]


class Augmenting(BaseModel, ABC):
    """The options of an augmentation; it is part of no saved model.

    A batch is images (batch, height, width, channels), waves (batch, samples), or spectrograms (batch,
    windows, bands), also with one channel, or places in a vocabulary.
    What is drawn follows from the seed, as with Keras's own random layers, and checkpoints have its state.

    Attributes:
        takes_places: Whether it changes places in a vocabulary, and no numbers.
        moves_pixels: Whether masks have to move with the images.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    augmentation_name: ClassVar[str]
    example: ClassVar[str]
    takes_places: ClassVar[bool] = False
    moves_pixels: ClassVar[bool] = False

    def with_numbers(self, numbers: Mapping[str, int | None]) -> Self:
        """The same with what is left out in the config and follows from the data."""
        return self

    def unfit(self, shape: tuple[int | None, ...]) -> str | None:
        """Why it cannot change a batch of some shape, and what to do; None where it can."""
        return None

    @abstractmethod
    def change(self, values: Any, generator: Any) -> Any:
        """Change each example by a draw of its own.

        Args:
            values: A tensor (batch, …), float32; places in a vocabulary are whole numbers.
            generator: A `keras.random.SeedGenerator`, asked for a seed for each draw.

        Returns:
            A tensor of the same shape.
        """

    def change_with_masks(self, images: Any, masks: Any, generator: Any) -> tuple[Any, Any]:
        """Change images that `moves_pixels`, and their masks by the same draws.

        Args:
            images: As for `change`.
            masks: Float32 of shape (batch, height, width, masks), of which no value is made that is not
                there; what comes in from outside with one value is 0.
            generator: As for `change`.
        """
        raise NotImplementedError


def one_each(values: Any, low: float, high: float, generator: Any) -> Any:
    """A number for each example, even between two others, in a shape that goes with `values`."""
    import keras
    import tensorflow as tf

    shape = tf.concat([tf.shape(values)[:1], tf.ones([len(values.shape) - 1], tf.int32)], axis=0)
    return keras.random.uniform(shape, low, high, seed=generator)


def some(values: Any, changed: Any, probability: float, generator: Any) -> Any:
    """The changed examples with a probability, the others as they were."""
    import tensorflow as tf

    if probability >= 1:
        return changed
    return tf.where(one_each(values, 0.0, 1.0, generator) < probability, changed, values)


def are_waves(shape: tuple[int | None, ...]) -> bool:
    """Whether a batch of some shape is samples, and no spectrograms."""
    return len(shape) == 2
