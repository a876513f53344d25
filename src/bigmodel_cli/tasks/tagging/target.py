"""Tags on the way of the data: sentences of no groups, whose words may be weighed by type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigmodel_cli.tasks.target import Asked, ClassWeights, Target

if TYPE_CHECKING:
    import numpy as np


class TaggingTarget(Target):
    """Targets are numbers of tags of shape (n, length), -1 behind the last word."""

    def class_weights(self, asked: Asked, labels: np.ndarray) -> ClassWeights | None:
        """By words: 1 on average over all of them; tags of one type count the same.

        See `ClassificationTarget`.
        """
        import numpy as np

        names = [self.task.weighed_as(tag) for tag in self.task.tags]
        counts = np.bincount(labels[labels >= 0].astype(np.int64), minlength=len(names))
        if asked == "balanced":
            of_type = {name: counts[[name == other for other in names]].sum() for name in names}
            weights = np.array([1 / of_type[name] if of_type[name] else 0.0 for name in names])
        else:
            weights = np.array([asked.get(name, 1.0) for name in names], np.float64)
        scaled = weights * (counts.sum() / (weights @ counts))
        return ClassWeights(self.task.tags, scaled.astype(np.float32))
