"""What a model's files keep of its score, over their sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.byte_sizes import unit_of
from bigmodel_cli.figures import BLUE, ORANGE, new_figure, tidy
from bigmodel_cli.tasks.sections import titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_exports(exports: Sequence[Mapping[str, Any]]) -> Figure:
    """A point for each file, and a line at the score of the run.

    Args:
        exports: As their model.json have them.
    """
    figure = new_figure(7, 4)
    axes = figure.add_subplot()
    headline = exports[0]["headline"]
    unit, count = unit_of(max(one["costs"]["bytes"] for one in exports))
    sizes = [one["costs"]["bytes"] / count for one in exports]
    scores = [one["comparison"]["scores"][headline] for one in exports]
    axes.axhline(exports[0]["comparison"]["run_scores"][headline], color=ORANGE, linewidth=1, label="the run")
    axes.scatter(sizes, scores, color=BLUE, zorder=3)
    # Names of files of one size stand below one another.
    for number, place in enumerate(
        sorted(range(len(exports)), key=lambda index: (sizes[index], -scores[index]))
    ):
        axes.annotate(
            exports[place]["name"],
            (sizes[place], scores[place]),
            xytext=(6, 6 if number % 2 else -12),
            textcoords="offset points",
            fontsize=8,
        )
    axes.set_xscale("log")
    axes.margins(0.2)
    axes.set_xlabel(unit)
    axes.set_ylabel(titled(headline))
    axes.legend(loc="best", fontsize=8)
    tidy(axes, "what the files keep of the score")
    return figure
