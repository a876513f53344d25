"""Outputs of a model as probabilities."""

from __future__ import annotations

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


def are_probabilities(scores: np.ndarray) -> bool:
    """Whether each row is a distribution over the classes, but for what rounding to float16 leaves."""
    in_range = np.all((scores >= 0) & (scores <= 1 + 1e-3))
    return bool(in_range and np.all(np.abs(scores.sum(axis=-1) - 1) < 1e-2))
