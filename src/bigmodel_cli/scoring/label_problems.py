"""Labels that may be wrong: classes and sets of labels, by confident learning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.scoring.confident_learning import (
    PRUNING,
    RANKING,
    calibrated_joint,
    confident_joint,
    noise_rates,
)
from bigmodel_cli.scoring.intervals import wilson
from bigmodel_cli.scoring.probabilities import are_probabilities

CONFIDENT_LEARNING, RESIDUALS = "confident_learning", "residuals"
# Of the decisions for each class those that a model is surest of.
_SUREST = 4
# Data sets that are called clean have as much: MNIST 0.15 %.
CLEAN = 0.005
_PAIRS = 12


@dataclass(frozen=True, eq=False)
class Suspects:
    """Labels that may be wrong, the most suspicious first; all arrays have the shape (k,).

    Attributes:
        rows: Places of the examples, int64.
        suggested: Class indices, whether a label belongs there (bool), or predicted numbers.
        places: Which of several labels or numbers of an example it is; 0 of classes.
        confidence: Probability of what is suggested; of numbers, how often the residual has the usual size.
        of_given: Probability of the given label; none of numbers.
    """

    rows: np.ndarray
    suggested: np.ndarray
    places: np.ndarray
    confidence: np.ndarray
    of_given: np.ndarray | None

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Surest:
    """How often labels contradict a model where it is surest: a quarter of its decisions for each class.

    Where labels are right, a model errs least where it is surest; wrong labels contradict it there as often
    as anywhere. That tells them from examples which are hard.

    Attributes:
        contradicted: Decisions of these that the label contradicts.
        count: Of how many.
        errors: The share of all decisions that a label contradicts.
    """

    contradicted: int
    count: int
    errors: float

    @property
    def stands_out(self) -> bool:
        """Whether that is more than chance and hard examples make.

        The lower end of the 95 % interval must be above what clean data have, and above the part of all
        errors that ambiguous data show there: a quarter, or more where over a sixth of all is wrong.
        """
        if not self.count:
            return False
        low = wilson(self.contradicted, self.count).low
        return low > max(CLEAN, self.errors * max(0.25, 1.5 * self.errors))


@dataclass(frozen=True, eq=False)
class LabelProblems:
    """What is suspected of the labels of some examples.

    Attributes:
        method: `confident_learning` or `residuals`.
        examples: Of how many examples.
        estimated: How many labels are wrong, an estimate; of numbers how many stand out.
        suspects: Which.
        stands_out: Whether there is more than what clean data come to.
        pairs: Given label, right label, for how many examples, and how probable the given one is where the
            other is right; the most frequent first, of classes alone.
        surest: Why it stands out; None of numbers.
    """

    method: str
    examples: int
    estimated: float
    suspects: Suspects
    stands_out: bool
    pairs: Sequence[tuple[int, int, float, float]] = ()
    surest: Surest | None = None

    def as_json(self) -> dict[str, Any]:
        """The figures; who they are of, a task says."""
        found: dict[str, Any] = {
            "method": self.method,
            "examples": self.examples,
            "estimated": round(self.estimated, 1),
            "share": round(self.estimated / self.examples, 6) if self.examples else 0.0,
            "suspects": len(self.suspects),
            "stands_out": self.stands_out,
        }
        if self.surest is not None:
            found["surest"] = {"contradicted": self.surest.contradicted, "examples": self.surest.count}
        return found


def class_problems(
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    prune: str = "class",
    rank: str = "normalized_margin",
) -> LabelProblems | None:
    """Labels of classes that may be wrong.

    Args:
        labels: Class indices of shape (n,).
        probabilities: Shape (n, classes), of a model that has not learned from these examples.
        prune: Which are taken: `class`, `noise_rate` or `both`.
        rank: By what they are ordered: `normalized_margin` or `self_confidence`.

    Returns:
        None where the scores are no probabilities, or there are no examples. A label that the model decides
        for too is never suspected: there would be nothing to suggest.
    """
    if not len(labels) or not are_probabilities(probabilities):
        return None
    labels = np.asarray(labels, np.int64)
    probabilities = np.asarray(probabilities, np.float64)
    of_class = np.bincount(labels, minlength=probabilities.shape[1])
    joint = calibrated_joint(confident_joint(labels, probabilities), of_class)
    decided = probabilities.argmax(axis=1)
    rows = np.flatnonzero(PRUNING[prune](labels, probabilities, joint) & (decided != labels))
    rows = rows[np.argsort(RANKING[rank](labels, probabilities)[rows], kind="stable")]
    surest = surest_of(labels, probabilities)
    return LabelProblems(
        CONFIDENT_LEARNING,
        len(labels),
        float(len(labels) * (1 - np.trace(joint))),
        Suspects(
            rows,
            decided[rows],
            np.zeros(len(rows), np.int64),
            probabilities[rows, decided[rows]],
            probabilities[rows, labels[rows]],
        ),
        surest.stands_out,
        _pairs(joint, len(labels)),
        surest,
    )


def _pairs(joint: np.ndarray, num_examples: int) -> list[tuple[int, int, float, float]]:
    """The pairs of classes whose labels are most often taken for each other, half an example or more."""
    counts = joint * num_examples
    np.fill_diagonal(counts, 0)
    cells = np.argwhere(counts >= 0.5)
    rates = noise_rates(joint)
    found = [
        (label, right, float(counts[label, right]), float(rates[label, right]))
        for label, right in cells.tolist()
    ]
    return sorted(found, key=lambda pair: -pair[2])[:_PAIRS]


def surest_of(labels: np.ndarray, probabilities: np.ndarray) -> Surest:
    """How often labels contradict the decisions that a model is surest of.

    Args:
        labels: Class indices of shape (n,).
        probabilities: Shape (n, classes).
    """
    decided = probabilities.argmax(axis=1)
    contradicted = count = 0
    for label in range(probabilities.shape[1]):
        rows = np.flatnonzero(decided == label)
        order = np.argsort(-probabilities[rows, label], kind="stable")
        surest = rows[order][: math.ceil(len(rows) / _SUREST)]
        contradicted += int((labels[surest] != label).sum())
        count += len(surest)
    return Surest(contradicted, count, float(np.mean(decided != labels)))


def set_problems(labels: np.ndarray, probabilities: np.ndarray) -> LabelProblems | None:
    """Labels of sets that may be wrong: each label by itself, as two classes.

    Args:
        labels: 0 or 1, shape (n, labels).
        probabilities: Of each label, shape (n, labels), of a model that has not learned from these examples.

    Returns:
        None where the scores are no probabilities, or there are no examples. `estimated` counts labels, of
        which an example may have several that are wrong.
    """
    if not len(labels) or not np.all((probabilities >= 0) & (probabilities <= 1)):
        return None
    parts = {}
    for place in range(labels.shape[1]):
        of_label = np.asarray(probabilities[:, place], np.float64)
        found = class_problems(labels[:, place], np.stack([1 - of_label, of_label], axis=1))
        if found is not None:
            parts[place] = found
    # Where some labels stand out, nothing is said of the others.
    telling = {place: found for place, found in parts.items() if found.stands_out} or parts
    return LabelProblems(
        CONFIDENT_LEARNING,
        len(labels),
        sum(found.estimated for found in telling.values()),
        _joined({place: found.suspects for place, found in telling.items()}),
        any(found.stands_out for found in telling.values()),
    )


def _joined(parts: Mapping[int, Suspects]) -> Suspects:
    """Suspects of several labels as one list, the least probable given labels first."""
    places = np.repeat(list(parts), [len(found) for found in parts.values()])
    rows, suggested, confidence, of_given = (
        np.concatenate([getattr(found, name) for found in parts.values()])
        for name in ("rows", "suggested", "confidence", "of_given")
    )
    order = np.argsort(of_given - confidence, kind="stable")
    return Suspects(rows[order], suggested[order], places[order], confidence[order], of_given[order])
