"""The figures of texts that were written: how near they are to the right ones, by their length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.figures import BLUE, new_figure, tidy
from bigmodel_cli.tasks.figures import Caption, Cells, Figures, Plot
from bigmodel_cli.tasks.translation.task import Translation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Characters of a text that stand above an example.
_SHOWN = 40
_MOST_BARS = 8


class TranslationFigures(Figures[Translation]):
    """What is drawn of texts."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        right, near = cells("label"), np.array(cells("chrf"), np.float64)
        drawn = Bars(near, "mean chrF")
        yield Plot("by_length", lambda: draw_by_length(right, drawn, title), "chrF by the length of texts")

    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        lengths = (labels >= 0).sum(axis=1)
        places = np.linspace(0, len(labels) - 1, count).astype(np.int64)
        return np.argsort(lengths, kind="stable")[places]

    def caption(self, label: Any, mixed: Any) -> Caption:
        return Caption(shown_above(self.task.text(np.ravel(label).tolist())))

    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        return Caption(shown_above(sample["prediction"]), f"is {shown_above(sample['label'])}")


def shown_above(text: str) -> str:
    return cut(text, _SHOWN) or "…"


class Bars(NamedTuple):
    """A score by the length of texts.

    Attributes:
        scores: Of each text.
        name: What their mean is called.
        weights: What each counts in it; None: all count the same.
    """

    scores: np.ndarray
    name: str
    weights: np.ndarray | None = None

    def mean(self, part: np.ndarray) -> float:
        """Of some texts."""
        weights = None if self.weights is None else self.weights[part]
        return float(np.average(self.scores[part], weights=weights))


def draw_by_length(right: Sequence[str], drawn: Bars, title: str) -> Figure:
    """A mean score of texts of about equal length, as many in each bar: long ones are harder.

    Args:
        right: Texts as they should be.
        drawn: What is drawn of them.
        title: Above it.
    """
    words = np.array([len(text.split()) for text in right])
    parts = np.array_split(np.argsort(words, kind="stable"), min(_MOST_BARS, len(words)))
    figure = new_figure(7, 4)
    axes = figure.subplots()
    axes.bar(range(len(parts)), [drawn.mean(part) for part in parts], color=BLUE)
    ends = [(words[part].min(), words[part].max()) for part in parts]
    names = [f"{low}" if low == high else f"{low}\N{EN DASH}{high}" for low, high in ends]
    axes.set_xticks(range(len(parts)), names)
    axes.set_xlabel("words of the right text")
    axes.set_ylabel(drawn.name)
    tidy(axes, title)
    return figure
