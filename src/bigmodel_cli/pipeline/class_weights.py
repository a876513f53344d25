"""`data.class_weights`: what the loss of a training example counts, by its class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from bigmodel_cli.cut import some

# Classes whose weights a line has room for.
_SHOWN = 8


def class_weights(
    asked: Literal["balanced"] | Mapping[str, float] | None, labels: np.ndarray, class_names: Sequence[str]
) -> np.ndarray | None:
    """A weight for each class, 1 on average over the examples, so that the learning rate keeps its meaning.

    `balanced` is scikit-learn's formula: n / (k * count) for n examples of k classes, in
    `sklearn.utils.class_weight.compute_class_weight`.

    Args:
        asked: `data.class_weights`; classes that a mapping leaves out have 1 before the scaling.
        labels: int64 class indices of the training examples, of shape (n,).
        class_names: In index order; all that `asked` names are there.

    Returns:
        float32 of shape (classes,), 0 for a class without examples under `balanced`; None where all count
        the same.
    """
    if asked is None:
        return None
    counts = np.bincount(labels, minlength=len(class_names))
    if asked == "balanced":
        weights = np.divide(1.0, counts, out=np.zeros(len(counts)), where=counts > 0)
    else:
        weights = np.array([asked.get(name, 1.0) for name in class_names], np.float64)
    scaled: np.ndarray = weights * (len(labels) / (weights @ counts))
    return scaled.astype(np.float32)


def describe_weights(weights: np.ndarray, class_names: Sequence[str]) -> str:
    """`cat 0.571, dog 4`; of many classes the first ones, and how many there are."""
    shown = (f"{name} {weight:.3g}" for name, weight in zip(class_names, weights.tolist(), strict=True))
    return some(shown, _SHOWN)
