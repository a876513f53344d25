"""What simple models reach at numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.tasks.baseline import Baselines, Fitted, Learned
from bigmodel_cli.tasks.regression.task import Regression

_PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0)


class RegressionBaselines(Baselines):
    """Values are numbers of shape (n, outputs)."""

    task: Regression
    constant: ClassVar[str] = "mean"
    linear: ClassVar[str] = "ridge"
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


def _columns(numbers: np.ndarray) -> np.ndarray:
    """A row for each example."""
    return np.asarray(numbers, np.float64).reshape(len(numbers), -1)
