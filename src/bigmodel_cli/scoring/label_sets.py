"""Scores of sets of labels against the right ones, by scikit-learn where it has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.scoring.groups.gaps import GroupScores, Values
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.intervals import Interval, bootstrapped_means, percentiles, wilson
from bigmodel_cli.scoring.precision_intervals import bootstrapped_precisions
from bigmodel_cli.scoring.scores import Scores

_MEASURES = ("precision", "recall", "f1")


def label_scores(
    labels: np.ndarray, decided: np.ndarray, values: np.ndarray, class_names: Sequence[str], *, seed: int
) -> Scores:
    """Everything that is known of sets of labels.

    Args:
        labels: 1 where an example has a label, shape (n, labels).
        decided: Which are decided for, likewise.
        values: How probable each is, likewise.
        class_names: The labels, in index order.
        seed: Of the resampling for the intervals.

    Returns:
        `mean_average_precision` and `macro_f1` as the headline: means over the labels that some example has;
        where none has any, 0.
    """
    truth, decided = np.asarray(labels, bool), np.asarray(decided, bool)
    hits, told, there = (truth & decided).sum(axis=0), decided.sum(axis=0), truth.sum(axis=0)
    table = _measures(hits, told, there)
    precisions = average_precisions(truth, values)
    present = there > 0
    per_class = [
        {
            "class": name,
            **{measure: float(column[place]) for measure, column in table.items()},
            "support": int(there[place]),
            "average_precision": precisions[place],
        }
        for place, name in enumerate(class_names)
    ]
    is_exact = (truth == decided).all(axis=1)
    headline = {
        "mean_average_precision": mean_of_known(precisions),
        "macro_f1": float(table["f1"][present].mean()) if present.any() else 0.0,
    }
    micro = _measures(hits.sum(), told.sum(), there.sum())
    others = {
        "micro_f1": float(micro["f1"]),
        "exact_match": float(is_exact.mean()),
        "hamming_loss": float((truth != decided).mean()),
    }
    wrong = bootstrapped_means((truth != decided).mean(axis=1, keepdims=True), seed)[:, 0]
    intervals = {
        "mean_average_precision": percentiles(bootstrapped_precisions(truth, values, seed)),
        **_f1_intervals(truth, decided, seed),
        "exact_match": wilson(int(is_exact.sum()), len(labels)),
        "hamming_loss": percentiles(wrong),
    }
    details: dict[str, Any] = {
        "macro": {name: float(table[name][present].mean()) if present.any() else 0.0 for name in _MEASURES},
        "weighted": {
            name: float(np.average(table[name], weights=there)) if present.any() else 0.0
            for name in _MEASURES
        },
        "per_class": per_class,
    }
    return Scores(headline, others, intervals, details)


def _measures(hits: Any, told: Any, there: Any) -> dict[str, Any]:
    """Precision, recall and F1 by counts; 0 where there is nothing to divide by."""
    return {
        "precision": hits / np.maximum(told, 1),
        "recall": hits / np.maximum(there, 1),
        "f1": 2 * hits / np.maximum(told + there, 1),
    }


def average_precisions(truth: np.ndarray, values: np.ndarray) -> list[float | None]:
    """The average precision of each label; None where no example has it.

    Args:
        truth: Whether an example has a label, bool of shape (n, labels).
        values: How probable each is, likewise.
    """
    return [_average_precision(truth[:, n], values[:, n]) for n in range(truth.shape[1])]


def mean_of_known(precisions: Sequence[float | None]) -> float:
    """Their mean over the labels that some example has; 0 where none has any."""
    known = [value for value in precisions if value is not None]
    return float(np.mean(known)) if known else 0.0


def _average_precision(truth: np.ndarray, values: np.ndarray) -> float | None:
    """The area under the precision-recall curve of a label; None where no example has it."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(truth, values)) if truth.any() else None


def _f1_intervals(truth: np.ndarray, decided: np.ndarray, seed: int) -> dict[str, Interval]:
    """Of both means of F1: what they follow from are sums over examples, which are drawn again."""
    count = truth.shape[1]
    drawn = bootstrapped_means(np.concatenate([truth & decided, decided, truth], axis=1).astype(float), seed)
    hits, told, there = (drawn[:, part * count : (part + 1) * count] for part in range(3))
    both, hit = told + there, there > 0
    f1 = np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)
    macro = (f1 * hit).sum(axis=1) / np.maximum(hit.sum(axis=1), 1)
    whole = both.sum(axis=1)
    micro = np.divide(2 * hits.sum(axis=1), whole, out=np.zeros_like(whole), where=whole > 0)
    return {"macro_f1": percentiles(macro), "micro_f1": percentiles(micro)}


def grouped_labels(
    labels: np.ndarray,
    decided: np.ndarray,
    values: np.ndarray,
    groups: Groups,
    *,
    class_names: Sequence[str],
    seed: int,
) -> GroupScores:
    """The same scores of each group.

    Args:
        labels: As for `label_scores`.
        decided: Likewise.
        values: Likewise.
        groups: Of the same examples.
        class_names: Likewise.
        seed: Likewise.
    """
    found: list[Mapping[str, float]] = []
    intervals: list[Mapping[str, Interval]] = []
    for number in range(len(groups.names)):
        inside = groups.members == number
        scores = label_scores(labels[inside], decided[inside], values[inside], class_names, seed=seed)
        found.append({**scores.headline, **scores.others})
        intervals.append(scores.intervals)
    of_groups: dict[str, Values] = {name: [one[name] for one in found] for name in found[0]}
    return GroupScores(groups, of_groups, intervals, shown=("macro_f1", "exact_match"))
