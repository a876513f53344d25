"""The curves of several runs over each other, drawn by matplotlib."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import UsageError
from bigmodel_cli.figures import DPI, new_figure, plain, write_figure
from bigmodel_cli.reporting.comparison_style import LIGHT, Theme, style
from bigmodel_cli.reporting.comparison_table import Comparison, Curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANEL = (4.6, 3.5)
_LEGEND_LINE = 0.21
# Marks on a curve: all epochs of a short one, some of a long one.
_MARKS = 8
# From here on a linear scale shows nothing but the first epochs.
_LARGE_RATIO = 20


def require_curves(comparison: Comparison) -> None:
    """Raises:
    UsageError: If metrics.csv of no run has a column to draw.
    """
    if not comparison.curves:
        names = dict.fromkeys(name for summary in comparison.runs for name in summary.columns)
        raise UsageError(
            "--plot: metrics.csv of these runs has no such curve",
            hint=f"its columns: {', '.join(names) or 'none'}; choose with --metric",
        )


def write_curves(comparison: Comparison, path: Path) -> None:
    """Draw all curves, with a legend, into a .png, .pdf or .svg file.

    Raises:
        UsageError: If there is no curve.
        ResourceError: If it cannot be written.
    """
    require_curves(comparison)
    write_figure(draw_curves(comparison), path)


def draw_curves(comparison: Comparison) -> Figure:
    """A panel for each curve, and below them which run is which."""
    panels, runs = len(comparison.curves), comparison.runs
    lines = -(-len(runs) // 2)
    width = _PANEL[0] * max(panels, 2)
    figure = new_figure(width, _PANEL[1] + 0.3 + lines * _LEGEND_LINE)
    for number, curve in enumerate(comparison.curves):
        axes = figure.add_subplot(1, panels, number + 1)
        axes.set_title(plain(curve.name.replace("_", " "), 48), loc="left", fontsize=11)
        _draw(axes, curve, LIGHT)
    handles, labels = _legend(comparison)
    figure.legend(
        handles, labels, loc="outside lower left", ncols=2, frameon=False, fontsize=9, handlelength=5
    )
    return figure


def curve_png(curve: Curve, theme: Theme) -> bytes:
    """One curve of all runs as a PNG, without title and legend, for a page that has its own.

    Args:
        curve: What to draw.
        theme: Its colours.
    """
    figure = new_figure(*_PANEL)
    figure.set_facecolor(theme.paper)
    _draw(figure.add_subplot(), curve, theme)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=DPI)
    return image.getvalue()


def label(comparison: Comparison, index: int, limit: int = 48) -> str:
    """A run by its number, its name and its time; of a long name the beginning."""
    path = comparison.runs[index].run.path
    return f"{index + 1}  {plain(path.parent.name, max(8, limit - len(path.name)))}/{plain(path.name, 24)}"


def _draw(axes: Any, curve: Curve, theme: Theme) -> None:
    from matplotlib.ticker import FixedLocator, MaxNLocator, StrMethodFormatter

    for index, series in enumerate(curve.series):
        if series is not None:
            _draw_series(axes, index, series, theme)
    axes.set_xlabel("epoch", color=theme.ink)
    axes.xaxis.set_major_locator(FixedLocator([1]) if _is_one_epoch(curve) else MaxNLocator(integer=True))
    if _needs_logarithm(curve):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_facecolor(theme.paper)
    axes.tick_params(colors=theme.ink, which="both")
    axes.grid(color=theme.grid, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(theme.grid)


def _draw_series(
    axes: Any, index: int, series: tuple[Sequence[float], Sequence[float]], theme: Theme
) -> None:
    epochs, values = series
    step = max(1, -(-len(epochs) // _MARKS))
    axes.plot(
        epochs,
        [value if math.isfinite(value) else math.nan for value in values],
        **_look(index, theme),
        # Each run's marks begin at another epoch: curves that are one over the other keep theirs apart.
        markevery=(index % min(step, len(epochs)), step),
    )


def _look(index: int, theme: Theme) -> dict[str, Any]:
    look = style(index)
    return {
        "color": theme.color(look),
        "linestyle": (0, look.dashes) if look.dashes else "solid",
        "linewidth": 1.6,
        "marker": look.marker,
        "markersize": 6,
        "markeredgewidth": 0,
    }


def _legend(comparison: Comparison) -> tuple[list[Any], list[str]]:
    from matplotlib.lines import Line2D

    indices = range(len(comparison.runs))
    return [Line2D([], [], **_look(i, LIGHT)) for i in indices], [label(comparison, i) for i in indices]


def _is_one_epoch(curve: Curve) -> bool:
    return all(series is None or list(series[0]) == [1] for series in curve.series)


def _needs_logarithm(curve: Curve) -> bool:
    values = [value for series in curve.series if series for value in series[1] if math.isfinite(value)]
    return bool(values) and min(values) > 0 and max(values) / min(values) > _LARGE_RATIO
