"""How often each type of span is there."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, Literal

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.tasks.audit import BySplit, Labels

_SHOWN = 60


class TaggingLabels(Labels):
    """Counts spans by their types."""

    contradiction: ClassVar[Literal["error", "warning"]] = "error"
    tell_apart: ClassVar[bool] = False

    def shown(self, label: np.generic | np.ndarray) -> Any:
        return cut(" ".join(self.task.written(np.ravel(label).tolist())), _SHOWN)

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Sentences by whether a word of them is in a span."""
        has_some = np.array([bool(self._types(row)) for row in labels], np.bool_)
        both = {"with spans": np.flatnonzero(has_some), "without spans": np.flatnonzero(~has_some)}
        return [(name, rows) for name, rows in both.items() if len(rows)]

    def classes(self, labels: BySplit) -> list[dict[str, Any]]:
        counts = {
            split: Counter(type_ for row in of_split for type_ in self._types(row))
            for split, of_split in labels.items()
        }
        return [
            {
                "class": type_,
                "examples": {split: found[type_] for split, found in counts.items()},
                "shares": {
                    split: round(found[type_] / max(1, found.total()), 6) for split, found in counts.items()
                },
            }
            for type_ in self.task.types
        ]

    def _types(self, row: np.ndarray) -> list[str]:
        return [span.type for span in self.task.spans(self.task.written(row.tolist()))]
