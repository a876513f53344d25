"""What simple models reach at numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.tasks.baseline import Baselines, Fitted, Learned
from bigmodel_cli.tasks.regression.task import Regression

_PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0)

# What is added to the number of examples of a name, and how often all columns have their turn.
_OFFSET_PENALTIES = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
_OFFSET_ROUNDS = 15


class RegressionBaselines(Baselines):
    """Values are numbers of shape (n, outputs)."""

    task: Regression
    constant: ClassVar[str] = "mean"
    linear: ClassVar[str] = "ridge"
    offsets: ClassVar[str | None] = "biases"
    told: ClassVar[Sequence[str]] = ("mean_absolute_error", "root_mean_squared_error", "r2")

    @property
    def num_outputs(self) -> int:
        return math.prod(self.task.target_shape)

    def linear_work(self, num_features: int) -> int:
        # The products of all features with one another.
        return 2 * num_features * (num_features + self.num_outputs)

    def fit_constant(self, learned: Learned) -> Fitted:
        mean = np.average(_columns(learned.labels), axis=0, weights=learned.weights)
        return lambda features: np.tile(mean, (features.shape[0], 1))

    def fit_linear(self, learned: Learned) -> Fitted:
        """The penalty is the one with the smallest error on examples that are left out in turn."""
        from sklearn.linear_model import Ridge, RidgeCV

        # Where most numbers are 0, trying penalties would need the products of all features.
        is_dense = isinstance(learned.features, np.ndarray)
        ridge = RidgeCV(alphas=_PENALTIES) if is_dense else Ridge()
        ridge.fit(learned.features, _columns(learned.labels), sample_weight=learned.weights)
        return lambda features: _columns(ridge.predict(features))

    def fit_offsets(self, learned: Learned) -> Fitted:
        """The penalty is the one with the smallest error on a tenth of the examples, which are left out."""
        codes, labels = np.asarray(learned.features, np.int64), _columns(learned.labels)
        weights = np.ones(len(labels)) if learned.weights is None else np.asarray(learned.weights, np.float64)
        order = np.random.default_rng(learned.seed).permutation(len(labels))
        left_out, others = np.split(order, [max(1, len(order) // 10)])

        def error(penalty: float) -> float:
            found = Offsets.fitted(codes[others], labels[others], weights[others], penalty)
            return float(((found.values(codes[left_out]) - labels[left_out]) ** 2).mean())

        best = min(_OFFSET_PENALTIES, key=error)
        offsets = Offsets.fitted(codes, labels, weights, best)
        return lambda features: offsets.values(np.asarray(features, np.int64))

    def fit_trees(self, learned: Learned) -> Fitted:
        """Of several numbers, trees for each."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        fitted = [
            HistGradientBoostingRegressor(
                categorical_features=learned.are_codes, random_state=learned.seed
            ).fit(learned.features, column, sample_weight=learned.weights)
            for column in _columns(learned.labels).T
        ]

        def values(features: Any) -> np.ndarray:
            return np.stack([model.predict(features) for model in fitted], axis=1)

        return values


@dataclass(frozen=True, eq=False)
class Offsets:
    """A mean, and an offset for each name of each column.

    Attributes:
        mean: Of shape (outputs,).
        tables: For each column those of its names, shape (names, outputs); the last one, of none, is 0.
    """

    mean: np.ndarray
    tables: Sequence[np.ndarray]

    @classmethod
    def fitted(cls, codes: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float) -> Offsets:
        """The least squares, with a penalty on the squares of all offsets, column after column in turn.

        Args:
            codes: Places of names, shape (n, columns); -1 for none.
            labels: Shape (n, outputs).
            weights: What each example counts, shape (n,).
            penalty: So many examples more, with an offset of 0, each name has.
        """
        mean = np.average(labels, axis=0, weights=weights)
        left = labels - mean
        tables = [np.zeros((column.max(initial=0) + 2, labels.shape[1])) for column in codes.T]
        sizes = [
            np.bincount(np.where(column < 0, len(table) - 1, column), weights, len(table)) + penalty
            for column, table in zip(codes.T, tables, strict=True)
        ]
        for _ in range(_OFFSET_ROUNDS):
            for column, table, size in zip(codes.T, tables, sizes, strict=True):
                left += table[column]
                for output in range(labels.shape[1]):
                    sums = np.bincount(
                        np.where(column < 0, len(table) - 1, column), weights * left[:, output], len(table)
                    )
                    table[:, output] = sums / size
                table[-1] = 0
                left -= table[column]
        return cls(mean, tables)

    def values(self, codes: np.ndarray) -> np.ndarray:
        """The sum for each row of places, shape (n, outputs)."""
        known = [
            np.where(column < len(table), column, -1)
            for column, table in zip(codes.T, self.tables, strict=True)
        ]
        found: np.ndarray = self.mean + sum(
            table[column] for column, table in zip(known, self.tables, strict=True)
        )
        return found


def _columns(numbers: np.ndarray) -> np.ndarray:
    """A row for each example."""
    return np.asarray(numbers, np.float64).reshape(len(numbers), -1)
