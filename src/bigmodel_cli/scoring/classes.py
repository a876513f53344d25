"""Scores of predicted classes against labels, by scikit-learn where it has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.scoring.curves import MAX_CLASSES, areas, curves
from bigmodel_cli.scoring.intervals import (
    Interval,
    bootstrapped_counts,
    bootstrapped_means,
    percentiles,
    wilson,
)
from bigmodel_cli.scoring.probabilities import are_probabilities
from bigmodel_cli.scoring.scores import Scores

# Bins of equal width, as in Guo et al., On Calibration of Modern Neural Networks, 2017.
CALIBRATION_BINS = 15
_TOP = (3, 5)
# A probability of 0 would make the log loss infinite.
_SMALLEST = 1e-15


def class_scores(
    labels: np.ndarray, predicted: np.ndarray, scores: np.ndarray, class_names: Sequence[str], *, seed: int
) -> Scores:
    """Everything that is known of predicted classes.

    Args:
        labels: int64 class indices of shape (n,).
        predicted: The decided classes, likewise.
        scores: One per class, shape (n, classes). Log loss, Brier score and calibration need
            probabilities: where rows do not sum to 1, they are left out.
        class_names: In index order.
        seed: Of the resampling for the intervals.

    Returns:
        `accuracy` as the headline; of a class that is not among the labels, or alone among them, areas under
        curves are None in `per_class` and left out of means.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    indices = np.arange(len(class_names))
    matrix = confusion_matrix(labels, predicted, labels=indices)
    table = precision_recall_fscore_support(labels, predicted, labels=indices, zero_division=0.0)
    measures = dict(zip(("precision", "recall", "f1", "support"), table, strict=True))
    support = measures["support"]
    present = support > 0
    per_class_areas = areas(labels, scores) if len(class_names) <= MAX_CLASSES else {}
    others = {"balanced_accuracy": float(measures["recall"][present].mean())}
    others |= _top_accuracies(labels, scores)
    intervals = {"accuracy": wilson(int(np.trace(matrix)), len(labels)), **_matrix_intervals(matrix, seed)}
    details: dict[str, Any] = {
        "macro": {name: float(measures[name].mean()) for name in ("precision", "recall", "f1")},
        "weighted": {
            name: float(np.average(measures[name], weights=support)) for name in ("precision", "recall", "f1")
        },
        "per_class": _per_class(class_names, measures, per_class_areas),
        "confusion_matrix": matrix.tolist(),
        "confusion_matrix_normalized": (matrix / np.maximum(support[:, None], 1)).tolist(),
    }
    if are_probabilities(scores):
        losses = probability_losses(labels, scores)
        others |= {name: float(values.mean()) for name, values in losses.items()}
        resampled = bootstrapped_means(np.stack(list(losses.values()), axis=-1), seed)
        intervals |= {name: percentiles(column) for name, column in zip(losses, resampled.T, strict=True)}
        details["reliability"] = reliability(predicted == labels, _confidence(scores, predicted))
        others["expected_calibration_error"] = calibration_error(details["reliability"])
    for name, values in per_class_areas.items():
        if known := [value for value in values if value is not None]:
            # Of two classes, the second is the one that is looked for.
            others[name] = known[-1] if len(class_names) == 2 else float(np.mean(known))
    details["curves"] = curves(labels, scores, class_names, per_class_areas)
    return Scores({"accuracy": float(np.mean(predicted == labels))}, others, intervals, details)


def _per_class(
    class_names: Sequence[str],
    measures: Mapping[str, np.ndarray],
    per_class_areas: Mapping[str, Sequence[float | None]],
) -> list[dict[str, Any]]:
    return [
        {
            "class": name,
            **{measure: column[index].item() for measure, column in measures.items()},
            **{area: values[index] for area, values in per_class_areas.items()},
        }
        for index, name in enumerate(class_names)
    ]


def _top_accuracies(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """How often the label is among the 3 and the 5 best classes, where there are more classes than that."""
    from sklearn.metrics import top_k_accuracy_score

    indices = np.arange(scores.shape[-1])
    return {
        f"top_{k}_accuracy": float(top_k_accuracy_score(labels, scores, k=k, labels=indices))
        for k in _TOP
        if k < len(indices)
    }


def _matrix_intervals(matrix: np.ndarray, seed: int) -> dict[str, Interval]:
    """Intervals of what follows from the confusion matrix alone."""
    rows, columns = np.nonzero(matrix)
    drawn = bootstrapped_counts(matrix, seed)
    classes = len(matrix)
    hits, labelled, predicted = (np.zeros((len(drawn), classes)) for _ in range(3))
    for number, (row, column) in enumerate(zip(rows, columns, strict=True)):
        labelled[:, row] += drawn[:, number]
        predicted[:, column] += drawn[:, number]
        if row == column:
            hits[:, row] += drawn[:, number]
    present = labelled > 0
    recall = hits / np.maximum(labelled, 1)
    f1 = 2 * hits / np.maximum(labelled + predicted, 1)
    balanced = recall.sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    return {"balanced_accuracy": percentiles(balanced), "macro.f1": percentiles(f1.mean(axis=1))}


def probability_losses(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, np.ndarray]:
    """Log loss and Brier score (Brier 1950) of each example.

    The Brier score is the squared distance between the probabilities and the one-hot label; of two classes,
    half of it, as is usual.

    Args:
        labels: Class indices of shape (n,).
        probabilities: Shape (n, classes), rows summing to 1.

    Returns:
        Arrays of shape (n,).
    """
    of_label = probabilities[np.arange(len(labels)), labels]
    squares = (probabilities**2).sum(axis=-1) - 2 * of_label + 1
    brier = squares / 2 if probabilities.shape[-1] == 2 else squares
    return {"log_loss": -np.log(np.clip(of_label, _SMALLEST, 1)), "brier_score": brier}


def _confidence(scores: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return np.asarray(scores[np.arange(len(predicted)), predicted])


def reliability(is_right: np.ndarray, confidence: np.ndarray) -> list[dict[str, float]]:
    """How often predictions of about the same confidence are right.

    Args:
        is_right: Of each example, shape (n,).
        confidence: Probability of the predicted class, likewise.

    Returns:
        For each of 15 bins of equal width that is not empty: `from`, `to`, the mean `confidence` of its
        `examples` and the share of them that is right.
    """
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        {
            "from": number / CALIBRATION_BINS,
            "to": (number + 1) / CALIBRATION_BINS,
            "examples": int((bins == number).sum()),
            "confidence": float(confidence[bins == number].mean()),
            "accuracy": float(is_right[bins == number].mean()),
        }
        for number in np.unique(bins).tolist()
    ]


def calibration_error(bins: Sequence[Mapping[str, float]]) -> float:
    """Mean distance between confidence and accuracy over the bins, by their size (Naeini et al. 2015)."""
    total = sum(one["examples"] for one in bins)
    return sum(one["examples"] * abs(one["confidence"] - one["accuracy"]) for one in bins) / total
