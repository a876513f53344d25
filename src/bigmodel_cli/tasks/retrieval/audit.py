"""Items by how often they are had."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.tasks.audit import BySplit, Labels

# Rows that an item is in, at least, by what such items are called.
_GROUPS = {"items in 100 rows and more": 100, "in 10 to 99": 10, "in 2 to 9": 2, "in one": 1}
_NOWHERE = "items that training has not"


class RetrievalLabels(Labels):
    """Who has an item in one row has another one in the next."""

    contradiction: ClassVar[None] = None
    tell_apart: ClassVar[bool] = False
    wants_each: ClassVar[bool] = False

    @property
    def again(self) -> str:
        if not self.task.leaves_out:
            return ""
        return "what users had is left out of rankings, so that these rows count nowhere; seen: keep ranks it"

    def shown(self, label: np.generic | np.ndarray) -> Any:
        place = int(label)
        if place < 0:
            return "an item that training has not"
        return place if self.task.known is None else self.task.known.items[place]

    def rows(self, labels: np.ndarray, of_training: np.ndarray) -> list[tuple[str, np.ndarray]]:
        names, groups = [*_GROUPS, _NOWHERE], _groups(labels, labels)
        found = [(name, np.flatnonzero(groups == number)) for number, name in enumerate(names)]
        return [(name, rows) for name, rows in found if len(rows)]

    def classes(self, labels: BySplit) -> list[dict[str, Any]]:
        every = np.concatenate(list(labels.values()))
        counts = {
            split: np.bincount(_groups(part, every), minlength=len(_GROUPS) + 1)
            for split, part in labels.items()
        }
        return [
            {
                "class": name,
                "examples": {split: int(found[number]) for split, found in counts.items()},
                "shares": {
                    split: round(float(found[number]) / max(1, found.sum()), 6)
                    for split, found in counts.items()
                },
            }
            for number, name in enumerate([*_GROUPS, _NOWHERE])
            if any(found[number] for found in counts.values())
        ]


def _groups(labels: np.ndarray, every: np.ndarray) -> np.ndarray:
    """The group of each label by how often it is among others; the last one of those below 0."""
    counts = np.bincount(every[every >= 0], minlength=1)
    often = counts[np.maximum(labels, 0)]
    groups = np.searchsorted(-np.array(list(_GROUPS.values())), -often, side="left")
    return np.where(labels < 0, len(_GROUPS), groups)
