"""The figures of labels: how well each is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bigmodel_cli.cut import some
from bigmodel_cli.tasks.classification.figures import draw_per_class
from bigmodel_cli.tasks.figures import Caption, Cells, Figures, Plot
from bigmodel_cli.tasks.multilabel.task import Multilabel

_NONE = "none"


class MultilabelFigures(Figures[Multilabel]):
    """What is drawn of labels."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        rows = evaluation["per_class"]
        yield Plot("per_class", lambda: draw_per_class(rows), "precision, recall and F1 of each label")

    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        # The first example of each set comes before any second one.
        _, places = np.unique(labels, axis=0, return_inverse=True)
        places = places.reshape(-1)
        order = np.argsort(places, kind="stable")
        _, starts, counts = np.unique(places[order], return_index=True, return_counts=True)
        rank = np.empty(len(labels), np.int64)
        rank[order] = np.arange(len(labels)) - np.repeat(starts, counts)
        return np.lexsort((places, rank))[:count]

    def caption(self, label: Any, mixed: Any) -> Caption:
        names = self.task.as_text(np.asarray(label)).split("|")
        return Caption(some((name for name in names if name), 3) or _NONE)

    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        told, right = (sample[key] or _NONE for key in ("prediction", "label"))
        return Caption(told, "right" if told == right else f"is {right}")
