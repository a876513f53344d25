"""The figures of masks: what is taken for what by pixels, and how well each class is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.figures import BLUE, ORANGE, new_figure, tidy
from bigmodel_cli.tasks.classification.figures import draw_confusion_matrix
from bigmodel_cli.tasks.figures import Caption, Cells, Figures, Plot
from bigmodel_cli.tasks.segmentation.drawing import over
from bigmodel_cli.tasks.segmentation.target import in_shares, pixels_by_class
from bigmodel_cli.tasks.segmentation.task import Segmentation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Classes that a figure has room for, and letters of a caption.
_MOST_CLASSES, _SHOWN = 25, 40


class SegmentationFigures(Figures[Segmentation]):
    """What is drawn of masks."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        rows, matrix = evaluation["per_class"], evaluation["confusion_matrix"]
        names = [row["class"] for row in rows]
        yield Plot("confusion", lambda: draw_confusion_matrix(matrix, names, f"pixels of the {title} split"))
        yield Plot("overlap", lambda: draw_overlap(rows, title), "IoU and border F1 of each class")

    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        """Images by how much of them is not of the first class, from the least to the most."""
        pixels = pixels_by_class(labels, len(self.task.class_names))
        shares = 1 - pixels[:, 0] / np.maximum(pixels.sum(axis=1), 1)
        order = np.argsort(shares, kind="stable")
        return np.sort(order[np.linspace(0, len(order) - 1, count).round().astype(np.int64)])

    def caption(self, label: Any, mixed: Any) -> Caption:
        (counts,) = pixels_by_class(np.asarray(label)[np.newaxis], len(self.task.class_names))
        return Caption(cut(in_shares(counts, self.task.class_names), _SHOWN))

    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        return Caption(f"IoU {sample['of_label']:.3f}", f"is {cut(sample['label'], _SHOWN)}")

    def drawn(self, pixels: np.ndarray, label: Any) -> np.ndarray:
        return over(pixels, np.asarray(label), len(self.task.class_names))


def draw_overlap(rows: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """IoU and F1 of borders by class, those first that have most pixels.

    Args:
        rows: As `per_class` of an evaluation has them.
        title: Above it.
    """
    most = sorted(rows, key=lambda row: -row["support"])[:_MOST_CLASSES]
    figure = new_figure(7, 1.2 + 0.35 * max(1, len(most)))
    axes = figure.subplots()
    places = np.arange(len(most))
    for shift, key, label, color in ((-0.2, "iou", "IoU", BLUE), (0.2, "boundary_f1", "border F1", ORANGE)):
        axes.barh(places + shift, [row[key] for row in most], 0.38, color=color, label=label)
    axes.set_yticks(places, [cut(row["class"], 24) for row in most])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.legend(loc="lower right", frameon=False)
    tidy(axes, title)
    return figure
