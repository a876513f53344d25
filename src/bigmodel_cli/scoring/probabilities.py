"""Outputs of a model as scores of classes, which are probabilities where the loss takes them for such."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.config.reading import Reading


def as_scores(outputs: np.ndarray, reading: Reading) -> np.ndarray:
    """Model outputs as a score per class.

    Args:
        outputs: Shape (n, classes), or (n, 1) for two classes.
        reading: How the loss reads them.

    Returns:
        float64 of shape (n, classes); a single probability p becomes (1 - p, p), a single score s that is
        decided by its sign (-s, s).
    """
    scores = _activated(np.asarray(outputs, np.float64), reading)
    if scores.shape[-1] == 1:
        return np.concatenate([2 * reading.threshold - scores, scores], axis=-1)
    return scores


def as_numbers(outputs: np.ndarray, reading: Reading) -> np.ndarray:
    """Model outputs as the numbers that they stand for: as they are, but for logits."""
    return outputs if reading.activation is None else _activated(np.asarray(outputs, np.float64), reading)


def _activated(scores: np.ndarray, reading: Reading) -> np.ndarray:
    if reading.activation is None:
        return scores
    if reading.activation == "sigmoid":
        return _sigmoid(scores)
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
