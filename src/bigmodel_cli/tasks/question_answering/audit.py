"""Where answers stand, and how long they are."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, Literal

import numpy as np

from bigmodel_cli.tasks.audit import BySplit, Labels
from bigmodel_cli.tasks.question_answering.task import NONE

# Words of answers that are counted apart; longer ones together.
_LENGTHS = (1, 2, 3, 5, 10)


class QuestionAnsweringLabels(Labels):
    """Counts answers by their words."""

    contradiction: ClassVar[Literal["error", "warning"]] = "warning"
    tell_apart: ClassVar[bool] = False

    def shown(self, label: np.generic | np.ndarray) -> Any:
        first, last = np.ravel(label).tolist()
        return "no answer" if first == NONE else f"words {first} to {last}"

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Windows with an answer, and those without."""
        both = {
            "with an answer": np.flatnonzero(labels[:, 0] != NONE),
            "without an answer": np.flatnonzero(labels[:, 0] == NONE),
        }
        return [(name, rows) for name, rows in both.items() if len(rows)]

    def classes(self, labels: BySplit) -> list[dict[str, Any]]:
        counts = {split: Counter(_length(row) for row in of_split) for split, of_split in labels.items()}
        names = [name for name in _names() if any(found[name] for found in counts.values())]
        return [
            {
                "class": name,
                "examples": {split: found[name] for split, found in counts.items()},
                "shares": {
                    split: round(found[name] / max(1, found.total()), 6) for split, found in counts.items()
                },
            }
            for name in names
        ]


def _names() -> list[str]:
    ends = [f"{low} word" if low == 1 else f"{low} words and more" for low in _LENGTHS]
    return ["no answer", *ends]


def _length(label: np.ndarray) -> str:
    """The name of an answer's length."""
    first, last = label.tolist()
    if first == NONE:
        return "no answer"
    return _names()[sum(1 for low in _LENGTHS if last - first + 1 >= low)]
