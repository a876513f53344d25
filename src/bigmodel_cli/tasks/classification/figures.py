"""The figures of classes: what is taken for what, how well classes are told apart, how far to believe it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.figures import BLUE, GREEN, LINE_STYLES, ORANGE, PALETTE, new_figure, plain, tidy
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.figures import Caption, Cells, Figures, Plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# More rows cannot be read in a window.
MAX_CLASSES = 30
_MEASURES = {"precision": BLUE, "recall": ORANGE, "f1": GREEN}
# Beyond this many classes, numbers in the cells of a confusion matrix cannot be read.
MAX_CLASSES_WITH_NUMBERS = 20
MAX_TICKS = 50
# Of more classes than ticks, the pairs that are most often confused are written beside the matrix.
_PAIRS = 20
# Dark enough for text, told apart by colour-blind people.
_RIGHT, _WRONG = "#00674b", "#b03a00"
_MIN_SHARE = 0.005


class ClassificationFigures(Figures[Classification]):
    """What is drawn of classes."""

    def plots(self, cells: Cells, evaluation: Mapping[str, Any], title: str) -> Iterator[Plot]:
        names, curves = self.task.class_names, evaluation.get("curves", {})
        titled = f"{title}, accuracy {evaluation['metrics']['accuracy']:.2%}"
        matrix = evaluation["confusion_matrix"]
        yield Plot("confusion_matrix", lambda: draw_confusion_matrix(matrix, names, titled))
        yield Plot("per_class", lambda: draw_per_class(evaluation["per_class"]))
        if curves.get("roc"):
            label = "ROC and precision-recall curves"
            yield Plot("roc_pr", lambda: draw_roc_and_precision_recall(curves), label)
        if (bins := evaluation.get("reliability")) is not None:
            before = evaluation.get("decision", {}).get("without", {}).get("expected_calibration_error")
            error = evaluation["scores"]["expected_calibration_error"]
            yield Plot("reliability", lambda: draw_reliability(bins, error, before), "reliability")

    def different(self, labels: np.ndarray, count: int) -> np.ndarray:
        # The first example of each class comes before any second one.
        by_class = np.argsort(labels, kind="stable")
        _, starts, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
        rank = np.empty(len(labels), np.int64)
        rank[by_class] = np.arange(len(labels)) - np.repeat(starts, counts)
        return np.lexsort((labels, rank))[:count]

    def caption(self, label: Any, mixed: Any) -> Caption:
        """A class, or `70% cat` over `30% dog` where MixUp has mixed two."""
        names = self.task.class_names
        if mixed is None:
            return Caption(names[int(label)])
        shares = np.asarray(mixed)
        best = np.argsort(-shares, kind="stable")[:2].tolist()
        return Caption(*(f"{shares[at]:.0%} {names[at]}" for at in best if shares[at] >= _MIN_SHARE))

    def of_sample(self, sample: Mapping[str, Any]) -> Caption:
        title = f"{sample['prediction']} {sample['probability']:.0%}"
        if sample["label"] == sample["prediction"]:
            return Caption(title, "right", _RIGHT)
        return Caption(title, f"is {sample['label']} {sample['of_label']:.0%}", _WRONG)


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


def draw_confusion_matrix(matrix: Sequence[Sequence[int]], class_names: Sequence[str], title: str) -> Figure:
    """Rows are the labels, columns the predictions; colours are shares of a row.

    Args:
        matrix: Counts.
        class_names: In index order.
        title: Above it.
    """
    counts = np.asarray(matrix)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(11.0, max(5.0, 0.45 * len(class_names) + 2))
    is_crowded = len(class_names) > MAX_CLASSES_WITH_NUMBERS
    figure = new_figure(side + (4 if is_crowded else 0), side)
    axes = figure.add_subplot(1, 4, (1, 3)) if is_crowded else figure.add_subplot()
    # The square root: single mistakes among hundreds are seen too.
    image = axes.imshow(np.sqrt(shares) if is_crowded else shares, cmap="Blues", vmin=0, vmax=1)
    bar = figure.colorbar(image, ax=axes, shrink=0.7, label="share of the label")
    if is_crowded:
        marks = np.array([0, 0.01, 0.1, 0.25, 0.5, 1])
        bar.set_ticks(np.sqrt(marks), labels=[f"{mark:g}" for mark in marks])
    _name_axes(axes, class_names)
    axes.set_title(title, loc="left")
    if is_crowded:
        _write_pairs(figure.add_subplot(1, 4, 4), counts, class_names)
        return figure
    size = 9 if len(class_names) <= 12 else 7
    for row, column in np.argwhere(counts > 0):
        color = "white" if shares[row, column] > 0.5 else "black"
        text = str(counts[row, column])
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=size)
    return figure


def _name_axes(axes: Any, class_names: Sequence[str]) -> None:
    step = -(-len(class_names) // MAX_TICKS)
    ticks = list(range(0, len(class_names), step))
    names = [plain(class_names[tick]) for tick in ticks]
    is_long = max(map(len, names)) > 2
    size = 10 if len(names) <= 20 else 6
    axes.set_xticks(
        ticks,
        names,
        rotation=90 if is_long and len(names) > 20 else 45 if is_long else 0,
        ha="center" if not is_long or len(names) > 20 else "right",
        fontsize=size,
    )
    axes.set_yticks(ticks, names, fontsize=size)
    axes.set_xlabel("prediction")
    axes.set_ylabel("label")


def _write_pairs(axes: Any, counts: np.ndarray, class_names: Sequence[str]) -> None:
    wrong = np.array(counts)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    pairs = [(int(cell) // len(wrong), int(cell) % len(wrong)) for cell in order]
    lines = [
        f"{wrong[row, column]:>5,}  {plain(class_names[row], 16)} → {plain(class_names[column], 16)}"
        for row, column in pairs
        if wrong[row, column]
    ]
    if np.count_nonzero(wrong) > len(lines):
        lines.append("…")
    axes.set_axis_off()
    text = "\n".join(["label → prediction", "", *(lines or ["no mistake"])])
    axes.text(0, 1, text, fontsize=8, va="top", linespacing=1.6)
