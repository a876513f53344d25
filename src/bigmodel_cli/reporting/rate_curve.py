"""What a learning-rate range test measured, as a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigmodel_cli.figures import BLUE, GREEN, ORANGE, new_figure, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Losses far above the first one say no more than that they are.
_ABOVE = 1.2


def draw_rate_test(test: Mapping[str, Any]) -> Figure:
    """The loss of each sweep over the rate, where it has fallen, and what was chosen.

    Args:
        test: As run.json has it under `learning_rate_test`.
    """
    figure = new_figure(6, 3.5)
    axes = figure.add_subplot(1, 1, 1)
    starts = [sweep["start"] for sweep in test["sweeps"]]
    top = max(starts) + (_ABOVE - 1) * abs(max(starts))
    lowest = []
    for sweep in test["sweeps"]:
        losses = [math.inf if loss is None else loss for loss in sweep["losses"]]
        lowest.append(min(losses))
        # What comes apart leaves the figure at its upper edge.
        shown = [min(loss, 2 * abs(top) + top) for loss in losses]
        axes.plot(sweep["rates"], shown, color=BLUE, alpha=0.6, linewidth=1.2)
    if test["edge"] is not None:
        axes.axvline(test["edge"], color=ORANGE, linestyle="--", label=f"falls up to {test['edge']:.2e}")
    axes.axvline(test["rate"], color=GREEN, linestyle=":", linewidth=2, label=f"chosen: {test['rate']:.2e}")
    axes.set_xscale("log")
    bottom = min([*lowest, *starts])
    if math.isfinite(bottom) and bottom < top:
        axes.set_ylim(bottom - 0.05 * (top - bottom), top)
    axes.legend(frameon=False, fontsize=8)
    tidy(axes, "range test of the learning rate")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss after the step")
    return figure
