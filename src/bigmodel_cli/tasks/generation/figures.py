"""The figures of a text: how well it was foreseen, by how much stands before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.cut import some
from bigmodel_cli.figures import BLUE, new_figure, tidy
from bigmodel_cli.tasks.figures import Caption, Cells, Figures, Plot
from bigmodel_cli.tasks.generation.task import Generation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Characters of a text that stand above an example.
_SHOWN = 40


class GenerationFigures(Figures[Generation]):
    """What is drawn of texts."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        likely = cells("log_likelihoods")
        yield Plot(
            "surprise", lambda: draw_surprise(likely, title), "bits per token by its place in the window"
        )

    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        return np.linspace(0, len(labels) - 1, count).astype(np.int64)

    def caption(self, label: Any, mixed: Any) -> Caption:
        return Caption(some([self.task.vocabulary.shown(np.ravel(label).tolist())[:_SHOWN]], 1) or "…")

    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        return Caption(sample["prediction"][:_SHOWN], f"is {sample['label'][:_SHOWN]}")


def draw_surprise(likely: Sequence[str], title: str) -> Figure:
    """Mean surprise by place: it falls as long as more of what stands before helps.

    Args:
        likely: JSON lists of logarithms of probabilities, one for each window.
        title: Above it.
    """
    bits = -np.array([json.loads(cell) for cell in likely], np.float64).mean(axis=0) / np.log(2)
    figure = new_figure(7, 4)
    axes = figure.subplots()
    axes.plot(np.arange(1, len(bits) + 1), bits, color=BLUE, linewidth=1.4)
    axes.set_xlabel("tokens that stand before")
    axes.set_ylabel("bits per token")
    axes.set_ylim(bottom=0)
    tidy(axes, title)
    return figure
