"""How well classes are told apart, and how far probabilities can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.reporting.figures import BLUE, GREEN, LINE_STYLES, ORANGE, PALETTE, new_figure, plain, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# More rows cannot be read in a window.
MAX_CLASSES = 30
_MEASURES = {"precision": BLUE, "recall": ORANGE, "f1": GREEN}


def draw_per_class(per_class: Sequence[Mapping[str, Any]]) -> Figure:
    """Precision, recall and F1 of each class, the weakest first; of very many classes the weakest.

    Args:
        per_class: As evaluation/<split>.json has it.
    """
    rows = sorted(per_class, key=lambda row: (row["f1"], row["recall"]))[:MAX_CLASSES]
    figure = new_figure(8, max(2.6, 0.3 * len(rows) + 1.3))
    axes = figure.add_subplot()
    places = np.arange(len(rows))
    for number, (measure, color) in enumerate(_MEASURES.items()):
        values = [row[measure] for row in rows]
        axes.barh(places + 0.26 * (number - 1), values, 0.24, color=color, label=measure.replace("f1", "F1"))
    names = [f"{plain(row['class'])} ({row['support']:,})" for row in rows]
    axes.set_yticks(places, names, fontsize=9 if len(rows) <= 20 else 7)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    few = f"the weakest {len(rows)} of {len(per_class)} classes" if len(rows) < len(per_class) else "classes"
    tidy(axes, f"{few}, with their number of examples")
    figure.legend(ncols=3, frameon=False, fontsize=9, loc="outside lower center")
    return figure


def draw_roc_and_precision_recall(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """ROC and precision-recall curves of each class against the rest.

    Args:
        curves: As evaluation/<split>.json has them.
    """
    figure = new_figure(9, 4.4)
    _draw_curves(figure.add_subplot(1, 2, 1), curves["roc"], "ROC", "AUC")
    axes = figure.axes[0]
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    axes = figure.add_subplot(1, 2, 2)
    _draw_curves(axes, curves["precision_recall"], "precision and recall", "AP")
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    return figure


def _draw_curves(axes: Any, curves: Sequence[Mapping[str, Any]], title: str, area: str) -> None:
    # Of two classes, one is the other's mirror image.
    for number, curve in enumerate(curves[1:] if len(curves) == 2 else curves):
        axes.plot(
            curve["x"],
            curve["y"],
            color=PALETTE[number % len(PALETTE)],
            linestyle=LINE_STYLES[number // 3 % len(LINE_STYLES)],
            linewidth=1.4,
            label=f"{plain(curve['class'], 18)}, {area} {curve['area']:.3f}",
        )
    tidy(axes, title)
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.03)
    axes.legend(frameon=False, fontsize=7, loc="lower right" if area == "AUC" else "best")


def draw_reliability(
    bins: Sequence[Mapping[str, float]], error: float, before: float | None = None
) -> Figure:
    """How often predictions of about the same confidence are right, and how many there are of each.

    Args:
        bins: As evaluation/<split>.json has them.
        error: The expected calibration error.
        before: The same without the run's decision rule.
    """
    figure = new_figure(5.4, 5)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    middles = [(one["from"] + one["to"]) / 2 for one in bins]
    width = bins[0]["to"] - bins[0]["from"]
    upper.bar(
        middles, [one["accuracy"] for one in bins], 0.9 * width, color=BLUE, label="share that is right"
    )
    upper.plot([0, 1], [0, 1], color=ORANGE, linestyle="--", linewidth=1.4, label="as sure as it is right")
    upper.set_xlim(0, 1)
    upper.set_ylim(0, 1.02)
    upper.set_ylabel("accuracy")
    changed = "" if before is None else f" (without calibration {before:.3f})"
    tidy(upper, f"calibration error {error:.3f}{changed}")
    upper.legend(frameon=False, fontsize=8, loc="upper left")
    lower.bar(middles, [one["examples"] for one in bins], 0.9 * width, color="0.6")
    lower.set_ylabel("examples")
    lower.set_xlabel("confidence")
    lower.spines[["top", "right"]].set_visible(False)
    return figure
