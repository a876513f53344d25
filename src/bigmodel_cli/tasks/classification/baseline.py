"""What simple models reach at telling classes apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.tasks.baseline import LOGISTIC_ITERATIONS, Baselines, Fitted, Learned
from bigmodel_cli.tasks.classification.task import Classification


class _Margins:
    """A model that tells distances, with probabilities made of them."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def fit(self, features: Any, labels: np.ndarray, sample_weight: np.ndarray | None) -> None:
        self._model.fit(features, labels, sample_weight=sample_weight)

    def predict_proba(self, features: Any) -> np.ndarray:
        """Shape (n, classes)."""
        margins: np.ndarray = self._model.decision_function(features)
        if margins.ndim == 1:
            # Of two classes it is that of the second one, and twice as far from one to the other.
            margins = np.stack([-margins, margins], axis=1)
        found: np.ndarray = np.exp(margins - margins.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
        return found


class ClassificationBaselines(Baselines):
    """Values are probabilities of shape (n, classes)."""

    task: Classification
    constant: ClassVar[str] = "most_frequent_class"
    linear: ClassVar[str] = "logistic_regression"
    margins: ClassVar[str | None] = "linear_svm_of_characters"
    told: ClassVar[Sequence[str]] = ("accuracy", "balanced_accuracy", "roc_auc", "log_loss")

    @property
    def num_outputs(self) -> int:
        # Two classes are one number.
        return self.task.num_classes if self.task.num_classes > 2 else 1

    def fit_constant(self, learned: Learned) -> Fitted:
        """Decided for is the class with the most examples; how sure that is are the shares of all."""
        counts = np.bincount(learned.labels, learned.weights, self.task.num_classes)
        shares = counts / counts.sum()
        return lambda features: np.tile(shares, (features.shape[0], 1))

    def fit_linear(self, learned: Learned) -> Fitted:
        from sklearn.linear_model import LogisticRegression

        return self._fit(LogisticRegression(max_iter=LOGISTIC_ITERATIONS), learned)

    def fit_trees(self, learned: Learned) -> Fitted:
        from sklearn.ensemble import HistGradientBoostingClassifier

        # Examples that decide when to stop are drawn by class, of which each must have two.
        stops_early = "auto" if np.unique(learned.labels, return_counts=True)[1].min() > 1 else False
        trees = HistGradientBoostingClassifier(
            categorical_features=learned.are_codes, early_stopping=stops_early, random_state=learned.seed
        )
        return self._fit(trees, learned)

    def fit_margins(self, learned: Learned) -> Fitted:
        """How far an example is from what parts classes, made probabilities by the softmax of them.

        They are right in which class is the likeliest, and in no more: `log_loss` says little of them.
        """
        from sklearn.svm import LinearSVC

        return self._fit(_Margins(LinearSVC(random_state=learned.seed)), learned)

    def _fit(self, model: Any, learned: Learned) -> Fitted:
        known = np.unique(learned.labels)
        if len(known) == 1:
            # Where there is nothing to tell apart, nothing can be fitted.
            return self.fit_constant(learned)
        model.fit(learned.features, learned.labels, sample_weight=learned.weights)

        def values(features: Any) -> np.ndarray:
            found = np.zeros((features.shape[0], self.task.num_classes))
            found[:, known] = model.predict_proba(features)
            return found

        return values
