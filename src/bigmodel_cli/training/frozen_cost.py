"""What training says of what is frozen: how much it is, and what it costs where it is not computed once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.modeling.cut import Cut, cut, is_frozen, leaves, never_changes
from bigmodel_cli.training.work import Work

# What is quicker is not worth a word.
_MIN_SECONDS = 1.0
# Nor is a smaller part of what is frozen.
_MIN_SHARE = 0.1


def describe_parameters(model: Any) -> str:
    """How many parameters a model has, and how many of them are frozen, as one line for people."""
    frozen = frozen_parameters(model)
    return f"{model.count_params():,} parameters" + (f", {frozen:,} of them frozen" if frozen else "")


def frozen_parameters(model: Any) -> int:
    """Weights that could learn and do not; statistics that batch normalisation moves are none of them."""
    return sum(layer.count_params() for layer in leaves(model) if is_frozen(layer))


def learns(layer: Any) -> str:
    """Whether a layer learns: `yes`, `frozen`, `in part`, or `adapted`; empty where it has no weights."""
    inside = list(leaves(layer)) if getattr(layer, "layers", None) else [layer]
    found = {
        "frozen" if is_frozen(one) else "adapted" if hasattr(one, "adapt") else "yes"
        for one in inside
        if one.weights
    }
    return "in part" if len(found) > 1 else next(iter(found), "")


def describe_recomputed(
    work: Work, built: BuiltModel, halves: Cut | None, num_examples: int
) -> Iterator[str]:
    """What of the frozen layers each epoch computes anew, why, and what that costs.

    Args:
        work: What is trained.
        built: Its model.
        halves: The model in two, where the output of the front is kept.
        num_examples: That an epoch sees, validation included.
    """
    experiment, epochs = work.experiment, work.experiment.training.epochs
    in_all = frozen_parameters(built.model)
    if epochs == 1 or not in_all:
        return
    if experiment.augmentation:
        front = cut(built.network)
        if front is not None:
            yield from _cost_of_augmentation(front.front, work.batch_size, num_examples, epochs)
        return
    behind = _behind_what_changes(built.model if halves is None else halves.back)
    if behind is None or (halves is None and experiment.data.cache == "none"):
        return
    name, frozen = behind
    if frozen >= _MIN_SHARE * in_all:
        yield f"frozen: {frozen:,} parameters are computed anew in each epoch: {name} and stands before them"


def _cost_of_augmentation(front: Any, batch_size: int, num_examples: int, epochs: int) -> Iterator[str]:
    seconds = _seconds_per_batch(front, batch_size) / batch_size * num_examples
    if seconds * (epochs - 1) >= _MIN_SECONDS:
        saved = _in_words(seconds * (epochs - 1))
        yield (
            "frozen: augmentation stands before the frozen layers, so each epoch computes them anew: about "
            f"{_in_words(seconds)} each; without augmentation they are computed once, which saves {saved}"
        )


def _seconds_per_batch(front: Any, batch_size: int) -> float:
    (tensor,) = front.inputs
    features = np.zeros((batch_size, *tensor.shape[1:]), tensor.dtype)
    front(features, training=False)
    began = time.perf_counter()
    front(features, training=False).numpy()
    return time.perf_counter() - began


def _in_words(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _behind_what_changes(model: Any) -> tuple[str, int] | None:
    """The first layer that changes, and the frozen parameters behind it; None where there are none."""
    obstacle, frozen = None, 0
    for layer in leaves(model):
        if obstacle is not None and is_frozen(layer):
            frozen += layer.count_params()
        elif obstacle is None and not never_changes(layer):
            how = "learns" if layer.trainable_weights else "is not the same each time"
            obstacle = f"{layer.name} ({type(layer).__name__}) {how}"
    return (obstacle, frozen) if obstacle is not None and frozen else None
