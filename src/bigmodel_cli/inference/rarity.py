"""How far an example is from what is common in the class that a model gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bigmodel_cli.inference.main_directions import main_directions
from bigmodel_cli.inference.standing import scale_of, scale_of_each, standing

# This many directions of a class are common, or a quarter of its examples where those are few.
_DIRECTIONS = 25
# A class of fewer examples has no directions of its own.
_LEAST_OF_CLASS = 16
# Of fewer held-out examples the furthest one is no limit: too many others are further.
LEAST_HELD_OUT = 50
# So many held-out examples, at least, say what scores are common.
_LEAST_SCORES = 500
# How much what is unusual in the scores counts beside what is unusual in the example.
_OF_SCORES = 0.5
# The part of held-out examples that are usual.
_USUAL = 0.985
# Several numbers together: of how many examples at least, their least variance, how many of them are usual,
# and how much further the limit is.
_LEAST_TOGETHER, _LEAST_SPREAD, _USUAL_TOGETHER, _FURTHER = 100, 1e-5, 0.99, 1.25
# Of features before a model's last layer more directions are common; these are kept for all groups, at most.
_DIRECTIONS_OF_FEATURES, _MOST_NUMBERS = 20, 2**21
# Classes beyond these are taken together.
_MOST_CLASSES = 100
_LEAST_PROBABILITY = 1e-30


@dataclass(frozen=True, eq=False)
class _Scores:
    """What log-probabilities are common: their mean where a class is the best, and their spread.

    Attributes:
        means: Shape (classes, classes).
        precision: The inverse of their covariance around it, likewise.
        scale: Mean and deviation of the logarithm of their distance.
    """

    means: np.ndarray
    precision: np.ndarray
    scale: np.ndarray

    def distances(self, scores: np.ndarray) -> np.ndarray:
        logs = _logs(scores)
        away = logs - self.means[scores.argmax(axis=1)]
        return np.asarray(np.einsum("ij,jk,ik->i", away, self.precision, away))


@dataclass(frozen=True, eq=False)
class Together:
    """How far several numbers of an example together are from what is common, each of which may be usual.

    Attributes:
        mean: Shape (numbers,).
        precision: The inverse of their covariance, shape (numbers, numbers).
        limit: What is further is rare.
    """

    mean: np.ndarray
    precision: np.ndarray
    limit: float

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """How far each example is in deviations; numbers of shape (n, numbers)."""
        away = numbers - self.mean
        return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", away, self.precision, away)))

    @classmethod
    def fit(cls, numbers: np.ndarray) -> Together | None:
        """What is common among examples; None where they are too few."""
        if len(numbers) < _LEAST_TOGETHER:
            return None
        spread = np.cov(numbers.T) + _LEAST_SPREAD * np.eye(numbers.shape[1])
        found = cls(numbers.mean(axis=0), np.linalg.inv(spread), np.inf)
        usual = np.quantile(found.of(numbers), _USUAL_TOGETHER, method="higher")
        return cls(found.mean, found.precision, _FURTHER * float(usual))


@dataclass(frozen=True, eq=False)
class Rarity:
    """Distances of examples from the main directions of classes, and of their scores from the common ones.

    Attributes:
        means: Of each group of examples, shape (groups, features): a class each, or one for all.
        directions: Orthonormal, shape (groups, directions, features).
        scale: Mean and deviation of the logarithm of held-out examples' distance, shape (2,), or of each
            group's, shape (groups, 2).
        limit: What is further is rare.
        scores: The common scores; None where too few are known.
    """

    means: np.ndarray
    directions: np.ndarray
    scale: np.ndarray
    limit: float
    scores: _Scores | None = None

    def of(self, examples: np.ndarray, scores: np.ndarray | None) -> np.ndarray:
        """How far each example is, in deviations of what is usual; shape (n,).

        Args:
            examples: Shape (n, features).
            scores: Probabilities, shape (n, classes); None where there are none.
        """
        scale = self.scale
        if scale.ndim > 1:
            scale = scale[self.groups_of(len(examples), scores)]
        rare = standing(self.distances(examples, scores), scale)
        if self.scores is not None and scores is not None:
            rare = rare + _OF_SCORES * standing(self.scores.distances(scores), self.scores.scale)
        return np.asarray(rare)

    def distances(self, examples: np.ndarray, scores: np.ndarray | None) -> np.ndarray:
        """How far each example is from the directions of its class, by its scores, or of all; shape (n,).

        Args:
            examples: Shape (n, features).
            scores: Probabilities, shape (n, classes); None where there are none.
        """
        groups = self.groups_of(len(examples), scores)
        distances = np.empty(len(examples), np.float32)
        for group in np.unique(groups).tolist():
            chosen = groups == group
            away = examples[chosen] - self.means[group]
            directions = self.directions[group].astype(np.float32, copy=False)
            distances[chosen] = np.linalg.norm(away - (away @ directions.T) @ directions, axis=1)
        return distances

    def groups_of(self, count: int, scores: np.ndarray | None) -> np.ndarray:
        """The group that each of `count` examples is compared with, by its scores."""
        if len(self.means) > 1 and scores is not None:
            return np.asarray(scores.argmax(axis=1))
        return np.zeros(count, np.int64)

    @classmethod
    def fit(
        cls, learned: np.ndarray, labels: np.ndarray, others: np.ndarray, scores: np.ndarray | None
    ) -> Rarity | None:
        """What is common; None where there is too little to say.

        Args:
            learned: Examples of training, shape (n, features).
            labels: Their classes, where there are scores.
            others: Held-out examples, which say how far is usual.
            scores: Their probabilities, shape (m, classes); None where there are none.
        """
        found = cls._of_directions(learned, labels, others, scores, _DIRECTIONS)
        if found is None:
            return None
        scale = scale_of(found.distances(others, scores))
        return replace(found, scale=scale, scores=_common_scores(scores)).limited(others, scores, _USUAL)

    @classmethod
    def of_features(
        cls, learned: np.ndarray, labels: np.ndarray, others: np.ndarray, scores: np.ndarray | None
    ) -> Rarity | None:
        """The same of features before a model's last layer, which are further away in some classes.

        Scores say no more than these features, and are not looked at again. There is no limit yet.

        Args:
            learned, labels, others, scores: As for `fit`.
        """
        found = cls._of_directions(learned, labels, others, scores, _DIRECTIONS_OF_FEATURES)
        if found is None:
            return None
        distances, groups = found.distances(others, scores), found.groups_of(len(others), scores)
        scale = scale_of_each(distances, groups, len(found.means))
        return replace(found, directions=found.directions.astype(np.float16), scale=scale)

    @classmethod
    def _of_directions(
        cls,
        learned: np.ndarray,
        labels: np.ndarray,
        others: np.ndarray,
        scores: np.ndarray | None,
        most: int,
    ) -> Rarity | None:
        """The directions that are common, no more than `most`, without scale and limit."""
        counts = np.zeros(0) if scores is None else np.bincount(labels, minlength=scores.shape[1])
        groups = [learned]
        if len(counts) and counts.min() >= _LEAST_OF_CLASS and len(counts) <= _MOST_CLASSES:
            groups = [learned[labels == index] for index in range(len(counts))]
        room = _MOST_NUMBERS // (len(groups) * learned.shape[1])
        count = min(most, room, learned.shape[1] // 4, min(map(len, groups)) // 4)
        if count < 1 or len(others) < LEAST_HELD_OUT:
            return None
        means = np.stack([group.mean(axis=0) for group in groups]).astype(np.float32)
        directions = np.stack(
            [main_directions(group - mean, count) for group, mean in zip(groups, means, strict=True)]
        )
        return cls(means, directions, np.array([0.0, 1.0]), np.inf)

    def limited(self, others: np.ndarray, scores: np.ndarray | None, usual: float) -> Rarity:
        """The same with the limit up to which a part of the held-out examples are usual."""
        return replace(self, limit=float(np.quantile(self.of(others, scores), usual, method="higher")))

    def arrays(self) -> dict[str, np.ndarray]:
        """As a file has it."""
        arrays = {
            "means": self.means,
            "directions": self.directions,
            "scale": self.scale,
            "limit": np.array(self.limit),
        }
        if self.scores is not None:
            arrays |= {f"scores_{name}": array for name, array in vars(self.scores).items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Rarity | None:
        """What `arrays` has written; None where it is not there."""
        if "means" not in arrays:
            return None
        scores = None
        if "scores_means" in arrays:
            scores = _Scores(arrays["scores_means"], arrays["scores_precision"], arrays["scores_scale"])
        return cls(arrays["means"], arrays["directions"], arrays["scale"], float(arrays["limit"]), scores)


def _common_scores(scores: np.ndarray | None) -> _Scores | None:
    if scores is None or len(scores) < _LEAST_SCORES or not 2 < scores.shape[1] <= _MOST_CLASSES:
        return None
    logs, best = _logs(scores), scores.argmax(axis=1)
    whole = logs.mean(axis=0)
    means = np.stack(
        [
            logs[best == index].mean(axis=0) if (best == index).any() else whole
            for index in range(scores.shape[1])
        ]
    )
    away = logs - means[best]
    covariance = away.T @ away / len(away) + 0.05 * np.eye(scores.shape[1])
    found = _Scores(means, np.linalg.inv(covariance), np.array([0.0, 1.0]))
    return _Scores(means, found.precision, scale_of(found.distances(scores)))


def _logs(scores: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(scores, np.float64), _LEAST_PROBABILITY))
