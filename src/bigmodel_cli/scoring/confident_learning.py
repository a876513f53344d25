"""Confident learning: which labels are wrong, from what models say that have not learned from them.

After Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of
Artificial Intelligence Research 70 (2021), arXiv:1911.00068: counting is section 3.1 there, ranking and
pruning section 3.2. A given label is its ỹ, the right one its y*, a probability its p̂(ỹ=j; x, θ), which must
be of a model that has not learned from the example.
"""

from __future__ import annotations

import numpy as np

# Float32 probabilities that are all the same do not reach their own mean otherwise.
_ROUNDING = 1e-6


def class_thresholds(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """How sure a model is of a class, on average, where that is the given label (equation 2).

    Args:
        labels: Class indices of shape (n,).
        probabilities: Shape (n, classes).

    Returns:
        float64 of shape (classes,); infinite of a class without examples, so that nothing is counted as it.
    """
    num_classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=num_classes)
    sums = np.bincount(labels, weights=given(labels, probabilities), minlength=num_classes)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def confident_joint(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """How many examples with a given label are, confidently, of which class (equation 1).

    An example counts as the most probable of the classes whose thresholds it reaches, or not at all.

    Args:
        labels: Class indices of shape (n,).
        probabilities: Shape (n, classes).

    Returns:
        int64 of shape (classes, classes): given labels in rows, right ones in columns.
    """
    num_classes = probabilities.shape[1]
    reaches = probabilities >= class_thresholds(labels, probabilities) - _ROUNDING
    right = np.where(reaches, probabilities, -1).argmax(axis=1)
    counted = reaches.any(axis=1)
    cells = labels[counted] * num_classes + right[counted]
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


def calibrated_joint(counts: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """The joint distribution of given and right labels (equation 3).

    Args:
        counts: The confident joint.
        of_class: How many examples have each given label, shape (classes,).

    Returns:
        float64 of shape (classes, classes), whose rows add up to the shares of the given labels.
    """
    rows = counts.astype(np.float64)
    # Where nothing was counted, nothing is known against the labels.
    uncounted = np.flatnonzero(rows.sum(axis=1) == 0)
    rows[uncounted, uncounted] = 1
    scaled = rows / rows.sum(axis=1, keepdims=True) * of_class[:, None]
    return np.asarray(scaled / scaled.sum())


def prune_by_class(labels: np.ndarray, probabilities: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Of each class as many as are estimated wrong, those whose label is least probable ("prune by class").

    Args:
        labels: Class indices of shape (n,).
        probabilities: Shape (n, classes).
        joint: Calibrated.

    Returns:
        bool of shape (n,).
    """
    wrong = np.zeros(len(labels), bool)
    counts = _off_diagonal(joint).sum(axis=1) * len(labels)
    self_confidence = given(labels, probabilities)
    for label, count in enumerate(np.rint(counts).astype(int).tolist()):
        wrong[_lowest(self_confidence, labels == label, count)] = True
    return wrong


def prune_by_noise_rate(labels: np.ndarray, probabilities: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """Of each pair of given and right label as many as are estimated, those with the largest margin.

    Args:
        labels: Class indices of shape (n,).
        probabilities: Shape (n, classes).
        joint: Calibrated.

    Returns:
        bool of shape (n,).
    """
    wrong = np.zeros(len(labels), bool)
    counts = np.rint(_off_diagonal(joint) * len(labels)).astype(int)
    self_confidence = given(labels, probabilities)
    for label, right in np.argwhere(counts).tolist():
        below = self_confidence - probabilities[:, right]
        wrong[_lowest(below, labels == label, counts[label, right])] = True
    return wrong


def prune_by_both(labels: np.ndarray, probabilities: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """What both others prune ("C+NR"); arguments and result are theirs."""
    by_class = prune_by_class(labels, probabilities, joint)
    return np.asarray(by_class & prune_by_noise_rate(labels, probabilities, joint))


PRUNING = {"class": prune_by_class, "noise_rate": prune_by_noise_rate, "both": prune_by_both}


def given(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Self-confidence: the probability of each given label, shape (n,)."""
    return np.asarray(probabilities[np.arange(len(labels)), labels])


def normalized_margin(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The probability of each given label less that of the most probable other one, shape (n,)."""
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    return np.asarray(given(labels, probabilities) - others.max(axis=1))


RANKING = {"self_confidence": given, "normalized_margin": normalized_margin}


def noise_rates(joint: np.ndarray) -> np.ndarray:
    """How probable each given label (rows) is where one (columns) is right; 0 where that is never right."""
    of_right = joint.sum(axis=0)
    return np.asarray(joint / np.where(of_right > 0, of_right, 1))


def _lowest(scores: np.ndarray, among: np.ndarray, count: int) -> np.ndarray:
    """The indices of the lowest scores among some examples (a mask); of equal ones the first."""
    rows = np.flatnonzero(among)
    return rows[np.argsort(scores[rows], kind="stable")][:count]


def _off_diagonal(joint: np.ndarray) -> np.ndarray:
    return np.where(np.eye(len(joint), dtype=bool), 0, joint)
