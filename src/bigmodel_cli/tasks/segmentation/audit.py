"""How many pixels each class has."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from bigmodel_cli.tasks.audit import BySplit, Labels
from bigmodel_cli.tasks.segmentation.target import in_shares, pixels_by_class


class SegmentationLabels(Labels):
    """Counts pixels by class."""

    contradiction: ClassVar[Literal["error", "warning"]] = "warning"
    tell_apart: ClassVar[bool] = False

    def shown(self, label: np.generic | np.ndarray) -> Any:
        (counts,) = self._counts(np.asarray(label)[np.newaxis])
        return in_shares(counts, self.task.class_names)

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Images by the classes that are in them: one, or several."""
        there = (self._counts(labels) > 0).sum(axis=1)
        both = {"of several classes": there > 1, "of one class": there <= 1}
        return [(name, np.flatnonzero(has)) for name, has in both.items() if has.any()]

    def classes(self, labels: BySplit) -> list[dict[str, Any]]:
        by_image = {split: self._counts(of_split) for split, of_split in labels.items()}
        pixels = {split: counts.sum(axis=0) for split, counts in by_image.items()}
        return [
            {
                "class": name,
                "examples": {split: int((counts[:, place] > 0).sum()) for split, counts in by_image.items()},
                "shares": {
                    split: round(float(counts[place] / max(1, counts.sum())), 6)
                    for split, counts in pixels.items()
                },
            }
            for place, name in enumerate(self.task.class_names)
        ]

    def _counts(self, labels: np.ndarray) -> np.ndarray:
        return pixels_by_class(labels, len(self.task.class_names))
