"""ROC and precision-recall curves, each class against the rest, and the areas under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# Sorting all examples once per class takes too long for more.
MAX_CLASSES = 200
# More curves than this cannot be told apart.
MAX_CURVES = 10
_POINTS = 200
ROC_AUC, AVERAGE_PRECISION = "roc_auc", "average_precision"


def areas(labels: np.ndarray, scores: np.ndarray) -> dict[str, list[float | None]]:
    """Area under the ROC curve and average precision of each class against the rest.

    Args:
        labels: Class indices of shape (n,).
        scores: Shape (n, classes).

    Returns:
        `roc_auc` and `average_precision`, each a list over the classes; None where all labels are of the
        class or none is.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    measures = {ROC_AUC: roc_auc_score, AVERAGE_PRECISION: average_precision_score}
    found: dict[str, list[float | None]] = {name: [] for name in measures}
    for index, column in enumerate(scores.T):
        is_class = labels == index
        is_defined = 0 < is_class.sum() < len(labels)
        for name, measure in measures.items():
            found[name].append(float(measure(is_class, column)) if is_defined else None)
    return found


def curves(
    labels: np.ndarray,
    scores: np.ndarray,
    class_names: Sequence[str],
    per_class: Mapping[str, Sequence[float | None]],
) -> dict[str, list[dict[str, Any]]]:
    """The curves that can be told apart in a plot.

    Args:
        labels: Class indices of shape (n,).
        scores: Shape (n, classes).
        class_names: In index order.
        per_class: As `areas` gives it.

    Returns:
        `roc` and `precision_recall`: a list of curves with `class`, `area`, `x` and `y` of at most 200
        points each. Of more than 10 classes, those with the smallest areas.
    """
    from sklearn.metrics import precision_recall_curve, roc_curve

    found: dict[str, list[dict[str, Any]]] = {"roc": [], "precision_recall": []}
    if not per_class:
        return found
    for index in _worst(per_class[ROC_AUC]):
        x, y, _ = roc_curve(labels == index, scores[:, index])
        found["roc"].append(_curve(class_names[index], per_class[ROC_AUC][index], x, y))
    for index in _worst(per_class[AVERAGE_PRECISION]):
        y, x, _ = precision_recall_curve(labels == index, scores[:, index], drop_intermediate=True)
        # From recall 0 upwards, as the other curve goes.
        found["precision_recall"].append(
            _curve(class_names[index], per_class[AVERAGE_PRECISION][index], x[::-1], y[::-1])
        )
    return found


def _worst(values: Sequence[float | None]) -> list[int]:
    known = [(value, index) for index, value in enumerate(values) if value is not None]
    return sorted(index for _, index in sorted(known)[:MAX_CURVES])


def _curve(name: str, area: float | None, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    chosen = np.unique(np.linspace(0, len(x) - 1, _POINTS).round().astype(int))
    shown = [[round(float(value), 5) for value in values[chosen]] for values in (x, y)]
    return {"class": name, "area": area, "x": shown[0], "y": shown[1]}
