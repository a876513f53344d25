"""The figures of items that were found: how far in front they stand, popular and rare ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.cut import cut
from bigmodel_cli.figures import BLUE, new_figure, tidy
from bigmodel_cli.tasks.figures import Caption, Cells, Figures, Plot
from bigmodel_cli.tasks.retrieval.task import Retrieval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 40


class RetrievalFigures(Figures[Retrieval]):
    """What is drawn of items."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        groups, ks = evaluation["groups"], evaluation["ks"]
        yield Plot(
            "by_popularity", lambda: draw_groups(groups, ks[len(ks) // 2], title), "recall by popularity"
        )
        counted = np.array(cells("had"), np.int64) >= evaluation["least"]
        found, better = np.array(cells("found"), np.int64) == 1, np.array(cells("better"), np.int64)
        places = np.where(found, better + 1, np.iinfo(np.int64).max)[counted]
        yield Plot("places", lambda: draw_places(places, title), "share of items among the first k")

    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        """Rows of items from the first to the last."""
        places = np.linspace(0, len(labels) - 1, count).astype(np.int64)
        return np.sort(np.argsort(labels, kind="stable")[places])

    def caption(self, label: Any, mixed: Any) -> Caption:
        place = int(label)
        if place < 0:
            return Caption("an item that training has not")
        known = self.task.known
        return Caption(f"item {place}" if known is None else cut(known.items[place], _SHOWN))

    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        where = f"place {sample['of_label']:,.0f}"
        return Caption(cut(sample["prediction"], _SHOWN), f"is {cut(sample['label'], _SHOWN)}, {where}")


def draw_groups(groups: Sequence[Mapping[str, Any]], k: int, title: str) -> Figure:
    """Recall of items that are had often, less often and seldom, with their intervals.

    Args:
        groups: As an evaluation has them.
        k: Of the first so many items.
        title: Above it.
    """
    name = f"recall@{k}"
    values = [group[name] for group in groups]
    figure = new_figure(5, 2.4)
    axes = figure.subplots()
    intervals = [group.get("intervals", {}).get(name) for group in groups]
    ends = [
        (0.0, 0.0) if one is None else (value - one["low"], one["high"] - value)
        for value, one in zip(values, intervals, strict=True)
    ]
    axes.barh(range(len(groups)), values, xerr=np.maximum(np.array(ends).T, 0), color=BLUE)
    axes.set_yticks(range(len(groups)), [f"{group['group']} ({group['items']:,} items)" for group in groups])
    axes.invert_yaxis()
    axes.set_xlabel(name)
    tidy(axes, title)
    return figure


def draw_places(places: np.ndarray, title: str) -> Figure:
    """The share of rows whose item is among the first k, over k.

    Args:
        places: Of each row's item, from 1.
        title: Above it.
    """
    most = 10_000
    found, counts = np.unique(places[places <= most], return_counts=True)
    figure = new_figure(5, 3.2)
    axes = figure.subplots()
    axes.step(
        np.append(found, most),
        np.append(np.cumsum(counts), counts.sum()) / max(1, len(places)),
        color=BLUE,
        where="post",
    )
    axes.set_xscale("log")
    axes.set_xlim(1, most)
    axes.set_ylim(0, 1)
    axes.set_xlabel("k")
    axes.set_ylabel("share of rows")
    tidy(axes, title)
    return figure
