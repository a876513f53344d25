"""Augmentation as a training step applies it: between preprocessing and network, on whole batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.pipeline.labels import encode


@dataclass(frozen=True)
class Augmentation:
    """A Keras layer that is active in training only.

    Attributes:
        layer: The layer.
        mixes_labels: Whether it takes and gives {"images": …, "labels": one-hot rows}.
    """

    layer: Any
    mixes_labels: bool


def augment(
    augmentations: Sequence[Augmentation], features: Any, labels: Any, num_classes: int | None
) -> tuple[Any, Any]:
    """Augment a batch.

    Args:
        augmentations: In the order of the config.
        features: Preprocessed, of shape (batch, …).
        labels: As the feed yields them.
        num_classes: Width of one-hot rows.

    Returns:
        The features, and float32 labels of shape (batch, num_classes) where examples were mixed, else None.
    """
    mixed = None
    for augmentation in augmentations:
        if not augmentation.mixes_labels:
            features = augmentation.layer(features, training=True)
            continue
        if mixed is None:
            mixed = encode(labels, "one_hot", num_classes)
        both = augmentation.layer({"images": features, "labels": mixed}, training=True)
        features, mixed = both["images"], both["labels"]
    return features, mixed
