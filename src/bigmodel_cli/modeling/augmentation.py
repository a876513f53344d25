"""Augmentation as a training step applies it: between preprocessing and network, on whole batches.

That of a row's columns is inside the network that is trained, each layer behind its column, not in the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.preprocessing import MIXING
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.modeling.augmentations.base import Augmenting
from bigmodel_cli.modeling.moving_masks import moved_with, why_not_moved
from bigmodel_cli.modeling.objects import Objects, pointing_at
from bigmodel_cli.tasks.bound import Bound, Targets


@dataclass(frozen=True)
class Augmentation:
    """A Keras layer that is active in training only.

    Attributes:
        layer: The layer.
        mixes_labels: Whether it takes and gives {"images": …, "labels": one-hot rows}.
    """

    layer: Any
    mixes_labels: bool


def augmentation_layer(
    component: Component, objects: Objects, features: Any, tasks: Sequence[Bound] = ()
) -> Augmentation:
    """A layer of augmentation.

    Args:
        component: The config's.
        objects: Makes it.
        features: A `keras.KerasTensor` of what it gets.
        tasks: Whose labels it may mix.

    Raises:
        ConfigError: If it does something else than changing features in training; it points at the component.
    """
    if isinstance(component.options, Augmenting):
        return _our_own(component, component.options, objects, features)
    layer = objects.make(component)
    problem, suggestion = None, None
    if hasattr(layer, "adapt"):
        problem, suggestion = (
            f"{component.name} learns from data; augmentation is for training only",
            "move it to preprocessing",
        )
    mixes_labels = component.name in MIXING
    if mixes_labels and any(task.encoding != "one_hot" for task in tasks):
        problem = f"{component.name} mixes labels, which needs a loss over one-hot labels"
        suggestion = "write loss: CategoricalCrossentropy, and end the model with units: num_classes"
    if mixes_labels and len(tasks) > 1:
        problem = f"{component.name} mixes the labels of one target, and there are {len(tasks)}"
        suggestion = "take it out, or predict one target"
    moving = [task for task in tasks if task.moves_with_image]
    if moving and (why := why_not_moved(layer, component.name)) is not None:
        problem, suggestion = (
            why,
            "take it out, or write layers of its kind that move masks, as RandomRotation",
        )
    if problem is None and not mixes_labels:
        with pointing_at(component, features):
            changed = layer.compute_output_shape(features.shape)
        if tuple(changed) != tuple(features.shape):
            problem = (
                f"{component.name} turns shape {features.shape} into {tuple(changed)}; "
                "augmentation keeps the shape"
            )
            suggestion = "move it to preprocessing"
    if problem:
        raise config_error([Problem(component.place, component.path, problem, suggestion=suggestion)])
    return Augmentation(layer, mixes_labels)


def _our_own(component: Component, options: Augmenting, objects: Objects, features: Any) -> Augmentation:
    """One that is no layer of Keras's."""
    from bigmodel_cli.modeling.changed import Changed, Moved

    if (problem := _no_places(options, features) or options.unfit(tuple(features.shape))) is not None:
        message, _, advice = problem.partition("; ")
        raise config_error([Problem(component.place, component.path, message, suggestion=advice)])
    kind = Moved if options.moves_pixels else Changed
    return Augmentation(kind(options.with_numbers(objects.numbers)), mixes_labels=False)


def _no_places(options: Augmenting, features: Any) -> str | None:
    """Why places in a vocabulary are not what it gets, and what to do."""
    if not options.takes_places or str(features.dtype).startswith("int"):
        return None
    found = "texts" if features.dtype == "string" else "numbers"
    return (
        f"{options.augmentation_name} takes places in a vocabulary, and gets {found}; "
        "put it behind a StringLookup without output_mode, or take it out"
    )


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
            features, targets = moved_with(augmentation.layer, features, targets)
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
