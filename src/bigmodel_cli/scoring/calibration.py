"""Temperature and threshold, chosen on examples that the model has not learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bigmodel_cli.config.phrases import parse_threshold
from bigmodel_cli.config.schema import Calibrate
from bigmodel_cli.scoring.classes import probability_losses
from bigmodel_cli.scoring.rule import DecisionRule

# Beyond these, a distribution is the same as a single class, or as none.
_TEMPERATURES = (0.05, 20.0)


def fit_temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature with the smallest log loss.

    Args:
        labels: Class indices of shape (n,).
        probabilities: Shape (n, classes), rows summing to 1.
    """
    from scipy.optimize import minimize_scalar

    def log_loss(log_temperature: float) -> float:
        softened = DecisionRule(float(np.exp(log_temperature))).probabilities(probabilities)
        return float(probability_losses(labels, softened)["log_loss"].mean())

    found = minimize_scalar(log_loss, bounds=np.log(_TEMPERATURES), method="bounded")
    return round(float(np.exp(found.x)), 6)


def fit_threshold(is_positive: np.ndarray, probability: np.ndarray, criterion: str) -> tuple[float, bool]:
    """The threshold that fulfils a criterion best.

    Args:
        is_positive: Whether each example is of the class, shape (n,).
        probability: Of the class, likewise.
        criterion: `f1`, `balanced_accuracy`, `precision >= X` (with the most recall) or `recall >= X`
            (with the most precision).

    Returns:
        The threshold, half-way to the next lower probability so that what another machine computes a little
        differently is decided alike, and whether a bound of the criterion was reached.
    """
    from sklearn.metrics import roc_curve

    false_rate, recall, thresholds = roc_curve(is_positive, probability, drop_intermediate=False)
    # The first threshold is infinite: nothing is decided for.
    false_rate, recall, thresholds = false_rate[1:], recall[1:], thresholds[1:]
    positives = int(is_positive.sum())
    hits, false_alarms = recall * positives, false_rate * (len(is_positive) - positives)
    precision = hits / np.maximum(hits + false_alarms, 1)
    measure, bound = parse_threshold(criterion)
    reached = True
    if measure == "f1":
        value = 2 * hits / (hits + false_alarms + positives)
    elif measure == "balanced_accuracy":
        value = (recall + 1 - false_rate) / 2
    else:
        bounded, wanted = (precision, recall) if measure == "precision" else (recall, precision)
        reached = bool((bounded >= bound).any())
        value = np.where(bounded >= bound, wanted, -1) if reached else bounded
    best = int(value.argmax())
    below = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    return float((thresholds[best] + below) / 2), reached


def chosen_rule(
    asked: Calibrate,
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    warn: Callable[[str], None],
) -> DecisionRule:
    """The rule that `calibrate` asks for.

    Args:
        asked: The config's.
        labels: Class indices of shape (n,).
        probabilities: Shape (n, classes), rows summing to 1.
        class_names: In index order.
        warn: Is told what could not be chosen.
    """
    temperature = fit_temperature(labels, probabilities) if asked.temperature else 1.0
    if asked.threshold is None:
        return DecisionRule(temperature)
    positive = class_names.index(asked.positive) if asked.positive is not None else 1
    is_positive = labels == positive
    if not 0 < is_positive.sum() < len(is_positive):
        found = "only" if is_positive.any() else "no"
        warn(
            f"calibrate: the validation split has {found} examples of {class_names[positive]}, "
            "so no threshold was chosen"
        )
        return DecisionRule(temperature)
    softened = DecisionRule(temperature).probabilities(probabilities)
    threshold, reached = fit_threshold(is_positive, softened[:, positive], asked.threshold)
    if not reached:
        warn(
            f"calibrate: no threshold reaches {asked.threshold} on the validation split; "
            "the closest was taken"
        )
    return DecisionRule(temperature, positive, threshold)
