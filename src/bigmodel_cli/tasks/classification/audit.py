"""How many examples each class has."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from bigmodel_cli.kinds.profile import Seen
from bigmodel_cli.tasks.audit import BySplit, Labels


class ClassificationLabels(Labels):
    """Counts classes."""

    contradiction: ClassVar[Literal["error", "warning"]] = "error"
    tell_apart: ClassVar[bool] = True

    def shown(self, label: np.generic | np.ndarray) -> str:
        name: str = self.task.class_names[int(label)]
        return name

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """The examples of each class; only those of training where there are some."""
        by_class = np.argsort(labels, kind="stable")
        starts = np.searchsorted(labels[by_class], np.arange(1, self.task.num_classes))
        rows = []
        for name, numbers in zip(self.task.class_names, np.split(by_class, starts), strict=True):
            learned = np.intersect1d(numbers, of_training, assume_unique=True)
            rows.append((name, learned if len(learned) else numbers))
        return rows

    def seen(self, labels: np.ndarray) -> Seen:
        return Seen(codes=labels.astype(np.int32), names=self.task.class_names)

    def classes(self, labels: BySplit) -> list[dict[str, Any]]:
        size = self.task.num_classes
        counts = {split: np.bincount(of_split, minlength=size) for split, of_split in labels.items()}
        shares = {split: of_split / of_split.sum() for split, of_split in counts.items()}
        return [
            {
                "class": label,
                "examples": {split: int(of_split[index]) for split, of_split in counts.items()},
                "shares": {split: round(float(of_split[index]), 6) for split, of_split in shares.items()},
            }
            for index, label in enumerate(self.task.class_names)
        ]
