"""Plots of a run, drawn by matplotlib into its folder."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.whole_files import write_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, told apart by colour-blind people too (https://jfly.uni-koeln.de/color/).
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
DPI = 120
# Beyond this many classes, numbers in the cells of a confusion matrix cannot be read.
MAX_CLASSES_WITH_NUMBERS = 20
MAX_TICKS = 40


def plot_run(run: RunFolder, evaluation: Mapping[str, Any], class_names: Sequence[str] | None) -> None:
    """Draw the curves and, for classes, the confusion matrix.

    Args:
        run: Where; its metrics.csv is read.
        evaluation: As evaluation/<split>.json has it.
        class_names: In index order; None where labels are numbers.
    """
    columns = read_metrics(run.metrics)
    if columns["epoch"]:
        save(draw_curves(columns), run, "curves")
    if class_names is not None:
        title = f"{evaluation['split']} split, accuracy {evaluation['metrics']['accuracy']:.2%}"
        save(
            draw_confusion_matrix(evaluation["confusion_matrix"], class_names, title), run, "confusion_matrix"
        )


def save(figure: Figure, run: RunFolder, name: str) -> None:
    """Write a figure into plots/."""
    write_figure(figure, run.plot(name), "png")


def write_figure(figure: Figure, path: Path, kind: str) -> None:
    """Write a figure to a file, whole or not at all.

    Args:
        figure: What was drawn.
        path: Where.
        kind: png, pdf or svg.
    """
    with warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box, which shows as much.
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
        write_output(path, lambda temporary: figure.savefig(temporary, format=kind, dpi=DPI))


def new_figure(width: float, height: float) -> Figure:
    """An empty figure that belongs to no window system.

    Args:
        width: In inches.
        height: In inches.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def draw_curves(columns: Mapping[str, Sequence[float]]) -> Figure:
    """Loss and metrics over the epochs, training beside validation, and the learning rate.

    Args:
        columns: Of metrics.csv, by name.
    """
    names = [name for name in columns if f"val_{name}" in columns]
    names = names or [
        name for name in columns if name not in ("epoch", "seconds", "examples_per_second", "learning_rate")
    ]
    names.append("learning_rate")
    rows = -(-len(names) // 2)
    figure = new_figure(9, 3 * rows)
    for number, name in enumerate(names):
        axes = figure.add_subplot(rows, 2, number + 1)
        _draw_curve(axes, columns, name)
    return figure


def _draw_curve(axes: Any, columns: Mapping[str, Sequence[float]], name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = columns["epoch"]
    marker = "o" if len(epochs) < 30 else None
    axes.plot(epochs, columns[name], color=BLUE, marker=marker, markersize=3, label="training")
    if f"val_{name}" in columns:
        axes.plot(
            epochs, columns[f"val_{name}"], color=ORANGE, marker=marker, markersize=3, label="validation"
        )
        axes.legend(frameon=False)
    axes.set_title(plain(name.replace("_", " ")), loc="left")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def draw_confusion_matrix(matrix: Sequence[Sequence[int]], class_names: Sequence[str], title: str) -> Figure:
    """Rows are the labels, columns the predictions; colours are shares of a row.

    Args:
        matrix: Counts.
        class_names: In index order.
        title: Above it.
    """
    import numpy as np

    counts = np.asarray(matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(14.0, max(5.0, 0.5 * len(class_names) + 2))
    figure = new_figure(side, side)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.7, label="share of the label")
    step = -(-len(class_names) // MAX_TICKS)
    ticks = list(range(0, len(class_names), step))
    names = [plain(class_names[tick]) for tick in ticks]
    axes.set_xticks(
        ticks,
        names,
        rotation=45 if max(map(len, names)) > 2 else 0,
        ha="right" if max(map(len, names)) > 2 else "center",
    )
    axes.set_yticks(ticks, names)
    axes.set_xlabel("prediction")
    axes.set_ylabel("label")
    axes.set_title(title, loc="left")
    if len(class_names) <= MAX_CLASSES_WITH_NUMBERS:
        for row, column in np.argwhere(counts > 0):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(
                column, row, str(counts[row, column]), ha="center", va="center", color=color, fontsize=8
            )
    return figure


def plain(text: str, limit: int = 24) -> str:
    """A name as matplotlib shows it to the letter (`$` begins a formula), shortened, in one line."""
    visible = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    short = visible if len(visible) <= limit else f"{visible[: limit - 1]}…"
    return short.replace("$", r"\$")
