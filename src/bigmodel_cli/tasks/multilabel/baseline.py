"""What simple models reach at finding labels: one for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.tasks.baseline import LOGISTIC_ITERATIONS, Baselines, Fitted, Learned
from bigmodel_cli.tasks.multilabel.task import Multilabel


class MultilabelBaselines(Baselines):
    """Values are probabilities of shape (n, labels)."""

    task: Multilabel
    constant: ClassVar[str] = "shares_of_labels"
    linear: ClassVar[str] = "logistic_regression"
    told: ClassVar[Sequence[str]] = ("mean_average_precision", "macro_f1", "micro_f1", "exact_match")

    @property
    def num_outputs(self) -> int:
        return len(self.task.class_names)

    def fit_constant(self, learned: Learned) -> Fitted:
        shares = np.average(learned.labels, axis=0, weights=learned.weights)
        return lambda features: np.tile(shares, (features.shape[0], 1))

    def fit_linear(self, learned: Learned) -> Fitted:
        from sklearn.linear_model import LogisticRegression

        return _each(learned, lambda: LogisticRegression(max_iter=LOGISTIC_ITERATIONS))

    def fit_trees(self, learned: Learned) -> Fitted:
        from sklearn.ensemble import HistGradientBoostingClassifier

        return _each(
            learned,
            lambda: HistGradientBoostingClassifier(
                categorical_features=learned.are_codes, early_stopping=False, random_state=learned.seed
            ),
        )


def _each(learned: Learned, make: Callable[[], Any]) -> Fitted:
    """A model for each label; of one that all examples have, or none, its share."""
    fitted = []
    for column in learned.labels.T:
        known = np.unique(column)
        model = None if len(known) == 1 else make()
        if model is not None:
            model.fit(learned.features, column, sample_weight=learned.weights)
        fitted.append((model, float(known[0])))

    def values(features: Any) -> np.ndarray:
        columns = [
            np.full(features.shape[0], share) if model is None else model.predict_proba(features)[:, 1]
            for model, share in fitted
        ]
        return np.stack(columns, axis=1)

    return values
