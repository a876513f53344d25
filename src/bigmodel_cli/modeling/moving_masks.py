"""Masks are moved as the images that they are of: by the same random numbers, by their nearest pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        "Moved",  # ours
    }
)
# Whole numbers up to this are exact in bfloat16.
_HELD = 256


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
    if not masks or not (hasattr(layer, _MOVES) or getattr(layer, "moves_masks", False)):
        return layer(features, training=True), targets
    import tensorflow as tf

    planes = [plane for target in masks.values() for plane in _planes(target.labels)]
    features = tf.convert_to_tensor(features)
    # What is filled up has the layer's value, from which that of what is there differs.
    is_there = tf.fill(tf.shape(planes[0]), 0.0 if getattr(layer, "fill_value", 0.0) else 1.0)
    both = layer(
        {"images": features, "segmentation_masks": tf.stack([*planes, is_there], axis=-1)}, training=True
    )
    *found, still = tf.unstack(tf.cast(both["segmentation_masks"], tf.float32), axis=-1)
    rest = iter(found)
    changed = {}
    for name, target in masks.items():
        labels = _of_planes([next(rest) for _ in _planes(target.labels)])
        known = tf.equal(still, is_there)
        changed[name] = target.moved(tf.cast(tf.where(known, labels, -1), target.labels.dtype))
    return both["images"], {**targets, **changed}


def _planes(labels: Any) -> list[Any]:
    """Classes in numbers that half precision holds, in which layers may compute: one behind the other."""
    import tensorflow as tf

    numbers = tf.cast(labels, tf.int32)
    parts = [numbers] if labels.dtype == tf.int8 else [numbers % _HELD, numbers // _HELD]
    return [tf.cast(part, tf.float32) for part in parts]


def _of_planes(planes: Sequence[Any]) -> Any:
    """The classes again."""
    import tensorflow as tf

    low, *high = (tf.cast(tf.round(plane), tf.int32) for plane in planes)
    return low + _HELD * high[0] if high else low
