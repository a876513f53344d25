"""Curves over the epochs of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.config.naming import DISTILL_LOSS
from bigmodel_cli.figures import BLUE, GREEN, ORANGE, new_figure, plain, tidy
from bigmodel_cli.metrics_file import FIRST_COLUMNS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# With more epochs, markers would hide the line.
_MAX_MARKERS = 30


def draw_curves(columns: Mapping[str, Sequence[float]], best_epoch: int | None = None) -> Figure:
    """Loss and metrics over the epochs, training beside validation, and the learning rate.

    Args:
        columns: Of metrics.csv, by name.
        best_epoch: Is marked.
    """
    # Some metrics are of validation alone.
    bases = dict.fromkeys(name.removeprefix("val_") for name in columns)
    names = [name for name in bases if f"val_{name}" in columns or name == DISTILL_LOSS]
    names = names or [name for name in columns if name not in FIRST_COLUMNS]
    names.append("learning_rate")
    rows = -(-len(names) // 2)
    figure = new_figure(9, 3 * rows)
    for number, name in enumerate(names):
        axes = figure.add_subplot(rows, 2, number + 1)
        _draw_curve(axes, columns, name, best_epoch)
    return figure


def _draw_curve(axes: Any, columns: Mapping[str, Sequence[float]], name: str, best_epoch: int | None) -> None:
    epochs = columns["epoch"]
    trained, validated = columns.get(name), columns.get(f"val_{name}")
    if trained is not None:
        _line(axes, epochs, trained, BLUE, "training")
    if validated is not None:
        _line(axes, epochs, validated, ORANGE, "validation")
    if best_epoch is not None and best_epoch in epochs:
        axes.axvline(best_epoch, color=GREEN, linestyle=":", linewidth=1.5, label=f"best: epoch {best_epoch}")
        value = (validated or columns[name])[list(epochs).index(best_epoch)]
        if math.isfinite(value):
            axes.plot([best_epoch], [value], "D", color=GREEN, markersize=5)
    if validated is not None:
        axes.legend(frameon=False, fontsize=8)
    _over_epochs(axes, plain(name.replace("_", " ")))


def draw_speed(columns: Mapping[str, Sequence[float]]) -> Figure:
    """Examples per second and, where it is known, memory over the epochs.

    Args:
        columns: Of metrics.csv, by name.
    """
    memory = columns.get("memory_mb", [])
    has_memory = any(map(math.isfinite, memory))
    figure = new_figure(9 if has_memory else 4.5, 3)
    axes = figure.add_subplot(1, 2 if has_memory else 1, 1)
    _line(axes, columns["epoch"], columns["examples_per_second"], BLUE, "")
    _over_epochs(axes, "examples per second")
    axes.set_ylim(bottom=0)
    if has_memory:
        axes = figure.add_subplot(1, 2, 2)
        _line(axes, columns["epoch"], memory, ORANGE, "")
        _over_epochs(axes, "memory in MB")
        axes.set_ylim(bottom=0)
    return figure


def _line(axes: Any, epochs: Sequence[float], values: Sequence[float], color: str, label: str) -> None:
    marker = "o" if len(epochs) < _MAX_MARKERS else None
    axes.plot(epochs, values, color=color, marker=marker, markersize=3, label=label)


def _over_epochs(axes: Any, title: str) -> None:
    from matplotlib.ticker import MaxNLocator

    tidy(axes, title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if axes.dataLim.width == 0:
        # Around a single epoch there would be fractions.
        axes.set_xticks([axes.dataLim.x0])
