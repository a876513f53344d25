"""Masks on the way of the data: images of no groups, whose pixels may be weighed by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bigmodel_cli.cut import some
from bigmodel_cli.tasks.target import Asked, ClassWeights, Target

if TYPE_CHECKING:
    import numpy as np


# Classes that a line has room for.
_IN_LINE = 20


class SegmentationTarget(Target):
    """Targets are classes of shape (n, height, width), int8 or int16; -1 counts nowhere."""

    def class_weights(self, asked: Asked, labels: np.ndarray) -> ClassWeights | None:
        """By pixels: 1 on average over all that count; see `ClassificationTarget`."""
        import numpy as np

        names = self.task.class_names
        counts = pixels_by_class(labels, len(names)).sum(axis=0)
        if asked == "balanced":
            weights = np.divide(1.0, counts, out=np.zeros(len(counts)), where=counts > 0)
        else:
            weights = np.array([asked.get(name, 1.0) for name in names], np.float64)
        scaled = weights * (counts.sum() / (weights @ counts))
        return ClassWeights(names, scaled.astype(np.float32))


def in_shares(counts: np.ndarray, class_names: Sequence[str], most: int = _IN_LINE) -> str:
    """`background 69.5%, nucleus 12.2%`, the largest first; classes that are nowhere are left out.

    Args:
        counts: Pixels of each class.
        class_names: In index order.
        most: As many classes at most.
    """
    named = sorted(zip(counts.tolist(), class_names, strict=True), key=lambda one: -one[0])
    total = int(counts.sum())
    return some((f"{name} {count / total:.1%}" for count, name in named if count), most) or "nothing"


def pixels_by_class(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """How many pixels of each mask are of each class, int64 of shape (n, classes)."""
    import numpy as np

    counts = np.zeros((len(labels), num_classes), np.int64)
    # One after the other, so that nothing as large as all masks is made of them.
    for row, mask in enumerate(labels):
        counts[row] = np.bincount(mask[mask >= 0].astype(np.int64), minlength=num_classes)
    return counts
