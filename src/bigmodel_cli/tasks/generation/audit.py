"""What an audit says of a text's own next tokens."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.tasks.audit import BySplit, Labels

_SHOWN = 60
# Rows of examples, from the beginning of the text to its end.
_NUM_PARTS = 6
# Of the tokens that come most often.
_MOST = 10


class GenerationLabels(Labels):
    """A text goes on differently after the same words, which is no contradiction."""

    contradiction: ClassVar[None] = None
    tell_apart: ClassVar[bool] = False

    def shown(self, label: np.generic | np.ndarray) -> Any:
        return self.task.vocabulary.shown(np.ravel(label).tolist())[:_SHOWN]

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Parts of the text, one behind the other."""
        parts = np.array_split(np.arange(len(labels)), min(_NUM_PARTS, len(labels)))
        return [(f"part {number + 1}", part) for number, part in enumerate(parts)]

    def classes(self, labels: BySplit) -> list[dict[str, Any]]:
        """How often the tokens come that come most often."""
        size = self.task.vocabulary.size
        counts = {split: np.bincount(np.ravel(part), minlength=size) for split, part in labels.items()}
        total = sum(counts.values())
        most = np.argsort(-np.asarray(total), kind="stable")[:_MOST].tolist()
        return [
            {
                "class": repr(self.task.vocabulary.shown([place])),
                "examples": {split: int(found[place]) for split, found in counts.items()},
                "shares": {
                    split: round(float(found[place]) / max(1, found.sum()), 6)
                    for split, found in counts.items()
                },
            }
            for place in most
        ]
