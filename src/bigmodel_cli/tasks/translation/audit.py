"""What an audit says of texts that are to be written."""

from __future__ import annotations

from typing import Any

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.tasks.generation.audit import GenerationLabels

_SHOWN = 60
_NUM_PARTS = 4


class TranslationLabels(GenerationLabels):
    """The same text may be translated in several ways, which is no contradiction."""

    def shown(self, label: np.generic | np.ndarray) -> Any:
        return cut(self.task.text(np.ravel(label).tolist()), _SHOWN)

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Texts by their length, as many in each part."""
        lengths = (labels != self.task.vocabulary.padding).sum(axis=1)
        parts = np.array_split(np.argsort(lengths, kind="stable"), min(_NUM_PARTS, len(labels)))
        return [
            (f"part {number}: {lengths[part].min()} to {lengths[part].max()} tokens", part)
            for number, part in enumerate(parts, 1)
        ]

    def tokens(self, labels: np.ndarray) -> np.ndarray:
        outside = (self.task.vocabulary.padding, self.task.vocabulary.end)
        return labels[~np.isin(labels, outside)]
