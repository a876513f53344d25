"""The figures of texts that were heard: how many words are wrong by length, and which are taken for which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.alignment import aligned
from bigmodel_cli.cut import cut
from bigmodel_cli.figures import BLUE, new_figure, tidy
from bigmodel_cli.tasks.figures import Cells, Plot
from bigmodel_cli.tasks.translation.figures import Bars, TranslationFigures, draw_by_length

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_PAIRS = 12
_SHOWN = 20


class TranscriptionFigures(TranslationFigures):
    """What is drawn of texts that were heard."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        right, found = cells("label"), cells("prediction")
        words = np.array([max(1, len(text.split())) for text in right], np.float64)
        drawn = Bars(np.array(cells("word_errors"), np.float64) / words, "word error rate", words)
        yield Plot(
            "by_length", lambda: draw_by_length(right, drawn, title), "word error rate by the length of texts"
        )
        pairs = confused(right, found)
        if pairs:
            yield Plot("confused", lambda: draw_confused(pairs, title), "words that are taken for others")


def confused(right: Sequence[str], found: Sequence[str]) -> list[tuple[str, int]]:
    """`nine → five` and how often, the most frequent first; ∅ stands for no word."""
    counts = Counter(
        f"{cut(step.right, _SHOWN) or '∅'} → {cut(step.found, _SHOWN) or '∅'}"
        for one, other in zip(right, found, strict=True)
        for step in aligned(one.split(), other.split())
        if step.how != "right"
    )
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_PAIRS]


def draw_confused(pairs: Sequence[tuple[str, int]], title: str) -> Figure:
    """The pairs of words that are confused most often.

    Args:
        pairs: As `confused` gives them.
        title: Above it.
    """
    figure = new_figure(7, 1.2 + 0.3 * len(pairs))
    axes = figure.subplots()
    axes.barh(range(len(pairs)), [count for _, count in pairs], color=BLUE)
    axes.set_yticks(range(len(pairs)), [name for name, _ in pairs])
    axes.invert_yaxis()
    axes.set_xlabel("times (said → heard; ∅: no word)")
    tidy(axes, title)
    return figure
