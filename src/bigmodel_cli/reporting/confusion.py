"""The confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.reporting.figures import new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Beyond this many classes, numbers in the cells of a confusion matrix cannot be read.
MAX_CLASSES_WITH_NUMBERS = 20
MAX_TICKS = 50
# Of more classes than ticks, the pairs that are most often confused are written beside the matrix.
_PAIRS = 20


def draw_confusion_matrix(matrix: Sequence[Sequence[int]], class_names: Sequence[str], title: str) -> Figure:
    """Rows are the labels, columns the predictions; colours are shares of a row.

    Args:
        matrix: Counts.
        class_names: In index order.
        title: Above it.
    """
    counts = np.asarray(matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(11.0, max(5.0, 0.45 * len(class_names) + 2))
    is_crowded = len(class_names) > MAX_CLASSES_WITH_NUMBERS
    figure = new_figure(side + (4 if is_crowded else 0), side)
    axes = figure.add_subplot(1, 4, (1, 3)) if is_crowded else figure.add_subplot()
    # The square root: single mistakes among hundreds are seen too.
    image = axes.imshow(np.sqrt(shares) if is_crowded else shares, cmap="Blues", vmin=0, vmax=1)
    bar = figure.colorbar(image, ax=axes, shrink=0.7, label="share of the label")
    if is_crowded:
        marks = np.array([0, 0.01, 0.1, 0.25, 0.5, 1])
        bar.set_ticks(np.sqrt(marks), labels=[f"{mark:g}" for mark in marks])
    _name_axes(axes, class_names)
    axes.set_title(title, loc="left")
    if is_crowded:
        _write_pairs(figure.add_subplot(1, 4, 4), counts, class_names)
        return figure
    size = 9 if len(class_names) <= 12 else 7
    for row, column in np.argwhere(counts > 0):
        color = "white" if shares[row, column] > 0.5 else "black"
        text = str(counts[row, column])
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=size)
    return figure


def _name_axes(axes: Any, class_names: Sequence[str]) -> None:
    step = -(-len(class_names) // MAX_TICKS)
    ticks = list(range(0, len(class_names), step))
    names = [plain(class_names[tick]) for tick in ticks]
    is_long = max(map(len, names)) > 2
    size = 10 if len(names) <= 20 else 6
    axes.set_xticks(
        ticks,
        names,
        rotation=90 if is_long and len(names) > 20 else 45 if is_long else 0,
        ha="center" if not is_long or len(names) > 20 else "right",
        fontsize=size,
    )
    axes.set_yticks(ticks, names, fontsize=size)
    axes.set_xlabel("prediction")
    axes.set_ylabel("label")


def _write_pairs(axes: Any, counts: np.ndarray, class_names: Sequence[str]) -> None:
    wrong = np.array(counts)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    pairs = [(int(cell) // len(wrong), int(cell) % len(wrong)) for cell in order]
    lines = [
        f"{wrong[row, column]:>5,}  {plain(class_names[row], 16)} → {plain(class_names[column], 16)}"
        for row, column in pairs
        if wrong[row, column]
    ]
    if np.count_nonzero(wrong) > len(lines):
        lines.append("…")
    axes.set_axis_off()
    text = "\n".join(["label → prediction", "", *(lines or ["no mistake"])])
    axes.text(0, 1, text, fontsize=8, va="top", linespacing=1.6)
