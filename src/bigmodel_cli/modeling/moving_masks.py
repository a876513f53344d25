"""Masks are moved as the images that they are of: by the same random numbers, by their nearest pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bigmodel_cli.tasks.bound import Targets

# What Keras's layers of images have that know of masks.
_MOVES = "transform_segmentation_masks"
# Layers that know of them, and move them by other random numbers, or change them as they change colours.
_NOT_AS_IMAGES = frozenset({"AugMix", "CutMix", "MixUp", "RandAugment", "RandomElasticTransform"})


# Layers that move pixels.
_MOVING = frozenset(
    {
        *("RandomCrop", "RandomFlip", "RandomPerspective", "RandomRotation", "RandomShear"),
        *("RandomTranslation", "RandomZoom"),
    }
)


def why_not_in_rows(layer: Any, name: str) -> str | None:
    """Why a layer is not for an image of a row whose mask is predicted; None where it is.

    Such an image is augmented inside the network, and the mask stays where it is.
    """
    if type(layer).__name__ in _NOT_AS_IMAGES | _MOVING:
        return f"{name} moves the image of a row, and not its mask"
    return None


def why_not_moved(layer: Any, name: str) -> str | None:
    """Why a layer of augmentation is not for images with masks; None where it is."""
    if type(layer).__name__ in _NOT_AS_IMAGES:
        return f"{name} does not move a mask as it moves its image"
    return None


def moved_with(
    layer: Any, features: Any, targets: Mapping[str, Targets]
) -> tuple[Any, Mapping[str, Targets]]:
    """Augment images, and with them the masks among their targets.

    What comes in from outside of an image, filled with one value, counts nowhere.

    Args:
        layer: A Keras layer that changes images in training.
        features: Of shape (batch, height, width, channels), or others without masks.
        targets: Of the same examples.
    """
    masks = {name: target for name, target in targets.items() if target.moves}
    if not masks or not hasattr(layer, _MOVES):
        return layer(features, training=True), targets
    import tensorflow as tf

    # One channel for each of them; classes from 1 on, so that what is filled up with 0 is none.
    beside = tf.stack([tf.cast(target.labels, tf.float32) + 1 for target in masks.values()], axis=-1)
    features = tf.convert_to_tensor(features)
    both = layer({"images": features, "segmentation_masks": beside}, training=True)
    moved = tf.cast(tf.round(both["segmentation_masks"]), tf.int32) - 1
    changed = {name: target.moved(moved[..., place]) for place, (name, target) in enumerate(masks.items())}
    return both["images"], {**targets, **changed}
