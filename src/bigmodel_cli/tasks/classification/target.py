"""Classes on the way of the data: an example's class is its group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigmodel_cli.tasks.target import Asked, ClassWeights, Target

if TYPE_CHECKING:
    import numpy as np


class ClassificationTarget(Target):
    """Labels are int64 class indices of shape (n,)."""

    def strata(self, labels: np.ndarray) -> np.ndarray:
        return labels

    def class_weights(self, asked: Asked, labels: np.ndarray) -> ClassWeights:
        """Classes that a mapping leaves out have 1 before the scaling; one without examples has 0 under
        `balanced`, which is scikit-learn's formula: n / (k * count) for n examples of k classes, in
        `sklearn.utils.class_weight.compute_class_weight`.
        """
        import numpy as np

        names = self.task.class_names
        counts = np.bincount(labels, minlength=len(names))
        if asked == "balanced":
            weights = np.divide(1.0, counts, out=np.zeros(len(counts)), where=counts > 0)
        else:
            weights = np.array([asked.get(name, 1.0) for name in names], np.float64)
        scaled = weights * (len(labels) / (weights @ counts))
        return ClassWeights(names, scaled.astype(np.float32))
