"""How many examples have each label."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from bigmodel_cli.tasks.audit import BySplit, Labels


class MultilabelLabels(Labels):
    """Counts labels."""

    contradiction: ClassVar[Literal["error", "warning"]] = "warning"
    tell_apart: ClassVar[bool] = False

    def shown(self, label: np.generic | np.ndarray) -> str:
        text: str = self.task.as_text(np.asarray(label))
        return text

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """The examples by the first of their labels."""
        has_any = labels.any(axis=1)
        first = np.where(has_any, labels.argmax(axis=1), len(self.task.class_names))
        names = [*self.task.class_names, "none"]
        found = [(name, np.flatnonzero(first == place)) for place, name in enumerate(names)]
        return [(name, numbers) for name, numbers in found if len(numbers)]

    def classes(self, labels: BySplit) -> list[dict[str, Any]]:
        counts = {split: of_split.sum(axis=0) for split, of_split in labels.items()}
        return [
            {
                "class": name,
                "examples": {split: int(found[place]) for split, found in counts.items()},
                "shares": {
                    split: round(float(found[place]) / max(1, len(labels[split])), 6)
                    for split, found in counts.items()
                },
            }
            for place, name in enumerate(self.task.class_names)
        ]
