"""Augmentation as a training step applies it: between preprocessing and network, on whole batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.tasks.bound import Targets


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
    augmentations: Sequence[Augmentation], features: Any, targets: Mapping[str, Targets]
) -> tuple[Any, Mapping[str, Targets]]:
    """Augment a batch.

    Args:
        augmentations: In the order of the config.
        features: Preprocessed, of shape (batch, …).
        targets: Of the same examples.

    Returns:
        Features and targets, which some layers mix.
    """
    mixed = None
    for augmentation in augmentations:
        if not augmentation.mixes_labels:
            features = augmentation.layer(features, training=True)
            continue
        ((name, target),) = targets.items()
        if mixed is None:
            mixed = target.encoded("one_hot")
        both = augmentation.layer({"images": features, "labels": mixed}, training=True)
        features, mixed = both["images"], both["labels"]
    return features, targets if mixed is None else {name: target.mix(mixed)}
