"""The figures of numbers: predictions beside the true ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.cut import some
from bigmodel_cli.figures import BLUE, ORANGE, new_figure, tidy
from bigmodel_cli.tasks.figures import Caption, Cells, Figures, Plot
from bigmodel_cli.tasks.regression.task import Regression

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# More points only make the plot slower.
_MAX_POINTS = 5000


class RegressionFigures(Figures[Regression]):
    """What is drawn of numbers."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        labels, outputs = (_numbers(cells(column)) for column in ("label", "prediction"))
        yield Plot("residuals", lambda: draw_residuals(labels, outputs, title), "residuals")

    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        return np.linspace(0, len(labels) - 1, count).astype(np.int64)

    def caption(self, label: Any, mixed: Any) -> Caption:
        return Caption(some((f"{value:.4g}" for value in np.ravel(label).tolist()), 3))

    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        return Caption(f"{sample['prediction']:.4g}", f"is {sample['label']:.4g}")


def draw_residuals(labels: np.ndarray, outputs: np.ndarray, title: str) -> Figure:
    """Predictions over labels, and how often the difference is how large.

    Args:
        labels: Shape (n,) or (n, …).
        outputs: Of as many numbers.
        title: Above it.
    """
    truth = np.asarray(labels, float).ravel()
    predicted = np.asarray(outputs, float).ravel()
    residuals = truth - predicted
    shown = np.linspace(0, len(truth) - 1, min(len(truth), _MAX_POINTS)).round().astype(int)
    figure = new_figure(9, 4)
    left, right = figure.subplots(1, 2)
    left.scatter(truth[shown], predicted[shown], s=12, color=BLUE, alpha=0.5, linewidths=0, rasterized=True)
    ends = [min(truth.min(), predicted.min()), max(truth.max(), predicted.max())]
    left.plot(ends, ends, color=ORANGE, linestyle="--", linewidth=1.4)
    left.set_xlabel("label")
    left.set_ylabel("prediction")
    tidy(left, title)
    right.hist(residuals, bins=min(50, max(5, len(truth) // 10)), range=_around(residuals), color=BLUE)
    right.axvline(0, color=ORANGE, linestyle="--", linewidth=1.4)
    right.set_xlabel("label − prediction")
    right.set_ylabel("examples")
    tidy(right, "residuals")
    return figure


def _around(values: np.ndarray) -> tuple[float, float]:
    """Both ends of the values, apart even where all are the same."""
    low, high = float(values.min()), float(values.max())
    room = 0.5 if high - low < 1e-6 * max(1.0, abs(low)) else 0.0
    return low - room, high + room


def _numbers(cells: Sequence[str]) -> np.ndarray:
    """Written numbers, of shape (n, outputs)."""
    return np.array([np.ravel(json.loads(cell)) for cell in cells], float)
