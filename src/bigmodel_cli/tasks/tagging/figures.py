"""The figures of tags: how well each type of span is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.figures import BLUE, ORANGE, new_figure, tidy
from bigmodel_cli.tasks.figures import Caption, Cells, Figures, Plot
from bigmodel_cli.tasks.tagging.task import Tagging

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Types that a figure has room for, and letters of a caption.
_MOST_TYPES, _SHOWN = 25, 40


class TaggingFigures(Figures[Tagging]):
    """What is drawn of tags."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        rows = evaluation.get("per_class", [])
        yield Plot("types", lambda: draw_types(rows, title), "precision and recall of each type of span")

    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        """Sentences by how many words of them are tagged."""
        return np.sort(np.argsort(-(labels > 0).sum(axis=1), kind="stable")[:count])

    def caption(self, label: Any, mixed: Any) -> Caption:
        tags = self.task.written(np.ravel(label).tolist())
        named = [span.type for span in self.task.spans(tags)]
        return Caption(cut(", ".join(named), _SHOWN) or "no span")

    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        return Caption(cut(sample["prediction"], _SHOWN), f"is {cut(sample['label'], _SHOWN)}")


def draw_types(rows: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """Precision and recall by type, those first that are there most often.

    Args:
        rows: As `per_class` of an evaluation has them.
        title: Above it.
    """
    most = sorted(rows, key=lambda row: -row["support"])[:_MOST_TYPES]
    figure = new_figure(7, 1.2 + 0.35 * max(1, len(most)))
    axes = figure.subplots()
    places = np.arange(len(most))
    for shift, key, color in ((-0.2, "precision", BLUE), (0.2, "recall", ORANGE)):
        axes.barh(places + shift, [row[key] for row in most], 0.38, color=color, label=key)
    axes.set_yticks(places, [f"{cut(row['class'], 24)} ({row['support']:,})" for row in most])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.legend(loc="lower right", frameon=False)
    tidy(axes, title)
    return figure
