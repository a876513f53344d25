"""What an audit says of texts that are to be written."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.tasks.audit import BySplit
from bigmodel_cli.tasks.generation.audit import GenerationLabels

_SHOWN = 60
_NUM_PARTS = 4
# Of the words that come most often.
_MOST = 10


class TranslationLabels(GenerationLabels):
    """The same text may be translated in several ways, which is no contradiction.

    Labels are texts, as the data have them before they are tokenized, or ids.
    """

    def shown(self, label: Any) -> Any:
        return cut(self._text(label), _SHOWN)

    def _text(self, label: Any) -> str:
        return label if isinstance(label, str) else self.task.text(np.ravel(label).tolist())

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Texts by their length, as many in each part."""
        words = np.array([len(self._text(label).split()) for label in labels])
        parts = np.array_split(np.argsort(words, kind="stable"), min(_NUM_PARTS, len(labels)))
        return [
            (f"part {number}: {words[part].min()} to {words[part].max()} words", part)
            for number, part in enumerate(parts, 1)
        ]

    def classes(self, labels: BySplit) -> list[dict[str, Any]]:
        """How often the words come that come most often."""
        counts = {
            split: Counter(word for label in part for word in self._text(label).split())
            for split, part in labels.items()
        }
        together = sum(counts.values(), Counter[str]())
        return [
            {
                "class": word,
                "examples": {split: found[word] for split, found in counts.items()},
                "shares": {
                    split: round(found[word] / max(1, found.total()), 6) for split, found in counts.items()
                },
            }
            for word, _ in sorted(together.items(), key=lambda one: (-one[1], one[0]))[:_MOST]
        ]
