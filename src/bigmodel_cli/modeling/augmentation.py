"""Augmentation as a training step applies it: between preprocessing and network, on whole batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
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
    augmentations: Sequence[Augmentation],
    features: Any,
    targets: Mapping[str, Targets],
    counts: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[Any, Mapping[str, Targets], Mapping[str, Any]]:
    """Augment a batch.

    Args:
        augmentations: In the order of the config.
        features: Preprocessed, of shape (batch, …).
        targets: Of the same examples.
        counts: What each counts in the loss of a target, of shape (batch,), where that is not the same.

    Returns:
        Features, targets and counts, which some layers mix: an example of two counts what its parts do.
    """
    mixed = None
    for augmentation in augmentations:
        if not augmentation.mixes_labels:
            features = augmentation.layer(features, training=True)
            continue
        ((name, target),) = targets.items()
        if mixed is None:
            mixed = _with_counts(target.encoded("one_hot"), counts.get(name))
        both = augmentation.layer({"images": features, "labels": mixed}, training=True)
        features, mixed = both["images"], both["labels"]
    if mixed is None:
        return features, targets, counts
    if name in counts:
        mixed, counts = mixed[:, :-1], {name: mixed[:, -1]}
    return features, {name: target.mix(mixed)}, counts


def _with_counts(labels: Any, counts: Any) -> Any:
    """One-hot rows, and behind each what its example counts, which is mixed as labels are."""
    import tensorflow as tf

    return labels if counts is None else tf.concat([labels, counts[:, tf.newaxis]], axis=-1)
