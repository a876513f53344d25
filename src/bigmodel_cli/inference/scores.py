"""Scores of predictions against labels, by scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def as_scores(outputs: np.ndarray, *, are_classes: bool, from_logits: bool) -> np.ndarray:
    """Model outputs as a probability per class, shape (n, classes), or as the numbers that they are."""
    return as_probabilities(outputs, from_logits=from_logits) if are_classes else outputs


def as_probabilities(outputs: np.ndarray, *, from_logits: bool) -> np.ndarray:
    """Model outputs as one probability per class.

    Args:
        outputs: Shape (n, classes), or (n, 1) for two classes.
        from_logits: Whether they are logits.

    Returns:
        float64 of shape (n, classes); a single output p becomes (1 - p, p). Outputs that are no
        distribution (a linear last layer trained by mean squared error) are left as scores.
    """
    scores = np.asarray(outputs, np.float64)
    if scores.shape[-1] == 1:
        positive = _sigmoid(scores) if from_logits else scores
        return np.concatenate([1 - positive, positive], axis=-1)
    if not from_logits:
        return scores
    exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


def _sigmoid(scores: np.ndarray) -> np.ndarray:
    # The form that does not overflow for large negative scores.
    small = np.exp(-np.abs(scores))
    return np.asarray(np.where(scores >= 0, 1, small) / (1 + small))


def class_scores(labels: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]) -> dict[str, Any]:
    """Accuracy, precision, recall and F1 per class, and the confusion matrix.

    Args:
        labels: int64 class indices of shape (n,).
        probabilities: Shape (n, classes).
        class_names: In index order.

    Returns:
        `accuracy`, `per_class` (a list in index order), `macro` and `confusion_matrix` (rows are the
        labels, columns the predictions).
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    indices = np.arange(len(class_names))
    predicted = probabilities.argmax(axis=-1)
    matrix = confusion_matrix(labels, predicted, labels=indices)
    columns = precision_recall_fscore_support(labels, predicted, labels=indices, zero_division=0.0)
    names = ("precision", "recall", "f1", "support")
    per_class = [
        {
            "class": class_names[int(index)],
            **{name: column[index].item() for name, column in zip(names, columns, strict=True)},
        }
        for index in indices
    ]
    return {
        "accuracy": float(np.mean(predicted == labels)),
        "macro": {name: float(np.mean(column)) for name, column in zip(names[:3], columns[:3], strict=True)},
        "per_class": per_class,
        "confusion_matrix": matrix.tolist(),
    }


def number_scores(labels: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    """Mean absolute error, root mean squared error and R² of predicted numbers.

    Args:
        labels: Shape (n,) or (n, …).
        outputs: Of as many numbers.
    """
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    truth = labels.reshape(len(labels), -1)
    predicted = np.asarray(outputs, np.float64).reshape(len(labels), -1)
    scores = {
        "mean_absolute_error": float(mean_absolute_error(truth, predicted)),
        "root_mean_squared_error": float(root_mean_squared_error(truth, predicted)),
    }
    if len(labels) > 1:
        scores["r2"] = float(r2_score(truth, predicted))
    return scores
