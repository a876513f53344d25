"""Plots of a run: they draw without a warning, whatever the number of epochs and classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.figures import plain, save
from bigmodel_cli.metrics_file import MetricsLog
from bigmodel_cli.parts import part_of
from bigmodel_cli.reporting.curves import draw_curves, draw_speed
from bigmodel_cli.reporting.image_grids import draw_grid, sample_tiles
from bigmodel_cli.reporting.plots import plot_run
from bigmodel_cli.run_folder import RunFolder, update_record
from bigmodel_cli.tasks.classification.figures import (
    draw_confusion_matrix,
    draw_per_class,
    draw_reliability,
    draw_roc_and_precision_recall,
)
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.figures import Figures
from bigmodel_cli.tasks.regression.figures import draw_residuals
from bigmodel_cli.whole_files import write_json

pytestmark = [pytest.mark.slow, pytest.mark.plots]


def names_of(num_classes):
    return [f"class {number}" for number in range(num_classes)]


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("num_epochs", [1, 2, 50])
@pytest.mark.parametrize(
    "names",
    [
        ("loss",),
        ("loss", "val_loss"),
        ("loss", "accuracy", "val_loss", "val_accuracy"),
        ("loss", "val_loss", "val_recall@20", "val_mrr"),
    ],
)
def test_curves(tmp_path, num_epochs, names, columns_of, read_png):
    figure = draw_curves(columns_of(num_epochs, *names))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [*dict.fromkeys(name.removeprefix("val_") for name in names), "learning rate"]
    of_validation = [axes.get_title(loc="left") for axes in figure.axes if axes.get_legend() is not None]
    assert [f"val_{name}" for name in of_validation] == [name for name in names if name.startswith("val_")]
    lines = figure.axes[0].get_lines()
    assert len(lines) == (2 if "val_loss" in names else 1)
    np.testing.assert_array_equal(lines[0].get_xdata(), np.arange(1, num_epochs + 1))
    save(figure, RunFolder(tmp_path), "curves")
    pixels, (width, height) = read_png(RunFolder(tmp_path).plot("curves"))
    assert (width, height) == (9 * 120, 3 * 120 * ((len(titles) + 1) // 2))
    assert pixels.min() < 50 and pixels.max() == 255


def test_curves_of_values_that_are_no_numbers(tmp_path, columns_of, read_png):
    values = columns_of(3, "loss", "val_loss")
    values["val_loss"] = [float("nan"), float("inf"), 1.0]
    save(draw_curves(values), RunFolder(tmp_path), "curves")
    assert read_png(RunFolder(tmp_path).plot("curves"))[0].std() > 0


@pytest.mark.parametrize("num_classes", [2, 10, 100])
def test_confusion_matrix(tmp_path, num_classes, read_png):
    matrix = np.random.default_rng(0).integers(1, 9, (num_classes, num_classes))
    names = [f"class {number}" for number in range(num_classes)]
    figure = draw_confusion_matrix(matrix.tolist(), names, "test split")
    axes = figure.axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("label", "prediction")
    assert 2 <= len(axes.get_xticks()) <= 50
    shares = matrix / matrix.sum(axis=1, keepdims=True)
    shown = np.sqrt(shares) if num_classes > 20 else shares
    np.testing.assert_allclose(axes.images[0].get_array(), shown)
    save(figure, RunFolder(tmp_path), "matrix")
    pixels, (width, height) = read_png(RunFolder(tmp_path).plot("matrix"))
    assert 600 <= height <= width <= 15 * 120
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


def test_numbers_stand_in_the_cells_while_they_can_be_read():
    figure = draw_confusion_matrix(np.full((20, 20), 7).tolist(), ["a"] * 20, "")
    assert texts(figure) == ["7"] * 400


def test_of_many_classes_the_worst_pairs_are_written_out():
    matrix = np.diag(np.full(30, 50))
    matrix[3, 7], matrix[20, 1] = 9, 1234
    (text,) = texts(draw_confusion_matrix(matrix.tolist(), names_of(30), ""))
    assert text.splitlines()[2:] == ["1,234  class 20 → class 1", "    9  class 3 → class 7"]


def test_a_class_without_examples_is_an_empty_row():
    figure = draw_confusion_matrix([[3, 1], [0, 0]], ["a", "b"], "")
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), [[0.75, 0.25], [0, 0]])
    assert texts(figure) == ["3", "1"]


def test_names_that_mean_something_to_matplotlib_or_a_terminal(tmp_path, read_png):
    hostile = ["$x_", "a\\b$^{", "\x1b[31mred", "猫", "n" * 300, "two\nlines", "%s", "<b>&amp;"]
    matrix = np.eye(len(hostile), dtype=int)
    save(draw_confusion_matrix(matrix.tolist(), hostile, "a $title_"), RunFolder(tmp_path), "matrix")
    assert read_png(RunFolder(tmp_path).plot("matrix"))[0].std() > 0


@pytest.mark.parametrize(
    ("text", "shown"), [("cat", "cat"), ("$x_", r"\$x_"), ("n" * 30, "n" * 23 + "…"), ("\x1b[1m", r"\x1b[1m")]
)
def test_plain(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize("num_epochs", [1, 50])
def test_the_best_epoch_is_marked(num_epochs, columns_of):
    best = min(num_epochs, 7)
    columns = columns_of(num_epochs, "loss", "val_loss")
    axes = draw_curves(columns, best).figure.axes[0]
    assert [line.get_text() for line in axes.get_legend().get_texts()] == [
        "training",
        "validation",
        f"best: epoch {best}",
    ]
    (mark,) = [line for line in axes.get_lines() if line.get_marker() == "D"]
    assert mark.get_xydata().tolist() == [[best, columns["val_loss"][best - 1]]]


def test_speed_and_memory(columns_of):
    columns = columns_of(4, "loss")
    assert [axes.get_title(loc="left") for axes in draw_speed(columns).axes] == [
        "examples per second",
        "memory in MB",
    ]
    # Runs of earlier versions lack it, and some systems do not tell.
    for memory in ({}, {"memory_mb": [float("nan")] * 4}):
        rest = {name: values for name, values in columns.items() if name != "memory_mb"}
        assert len(draw_speed({**rest, **memory}).axes) == 1


def test_every_figure_of_an_evaluation(tmp_path, evaluated, names, read_png):
    document, samples = evaluated(names)
    of_task = part_of(Classification(tuple(names)), Figures)
    figures = {plot.name: plot.draw() for plot in of_task.plots({}.get, document, "test split")}
    assert list(figures) == ["confusion_matrix", "per_class", "roc_pr", "reliability"]
    figures["mistakes"] = draw_grid(sample_tiles(samples["mistakes"], of_task), 8, "mistakes")
    for name, figure in figures.items():
        save(figure, RunFolder(tmp_path), name)
        pixels, (width, height) = read_png(RunFolder(tmp_path).plot(name))
        assert pixels.std() > 0 and 300 <= width <= 1900 and 250 <= height <= 2000, name


def test_the_weakest_classes_come_first(evaluated):
    document, _ = evaluated(names_of(60))
    axes = draw_per_class(document["per_class"]).axes[0]
    weakest = sorted(document["per_class"], key=lambda row: (row["f1"], row["recall"]))
    shown = [tick.get_text() for tick in axes.get_yticklabels()]
    assert shown == [f"{row['class']} (30)" for row in weakest[:30]]
    assert axes.get_title(loc="left").startswith("the weakest 30 of 60 classes")


def test_of_two_classes_one_curve_is_drawn(evaluated):
    document, _ = evaluated(["ham", "spam"])
    roc, _ = draw_roc_and_precision_recall(document["curves"]).axes
    area = document["per_class"][1]["roc_auc"]
    assert [text.get_text() for text in roc.get_legend().get_texts()] == [f"spam, AUC {area:.3f}"]


def test_reliability_says_what_calibration_changed():
    bins = [{"from": 0.5, "to": 0.6, "examples": 4, "confidence": 0.55, "accuracy": 0.5}]
    upper, lower = draw_reliability(bins, 0.05, 0.123).axes
    assert upper.get_title(loc="left") == "calibration error 0.050 (without calibration 0.123)"
    assert [bar.get_height() for bar in upper.patches] == [0.5]
    assert [bar.get_height() for bar in lower.patches] == [4]


@pytest.mark.parametrize("shape", [(3,), (500, 1), (500, 2)])
def test_residuals(tmp_path, shape, read_png):
    truth = np.random.default_rng(0).normal(size=shape)
    save(draw_residuals(truth, truth + 0.1, "test split"), RunFolder(tmp_path), "residuals")
    assert read_png(RunFolder(tmp_path).plot("residuals"))[0].std() > 0


def test_which_plots_a_run_gets(tmp_path, evaluated, columns_of):
    run = RunFolder(tmp_path)
    document, samples = evaluated(["a", "b"])
    names = ["loss", "val_loss"]
    log = MetricsLog(run.metrics, names)
    log.start_over()
    columns = columns_of(2, *names)
    for index in range(2):
        log.add({name: values[index] for name, values in columns.items()})
    write_json(run.samples("test"), samples)
    update_record(run, {"status": "completed"})
    plot_run(run, document, {"label": Classification(("a", "b"))}, best_epoch=2)
    assert sorted(path.stem for path in Path(tmp_path / "plots").iterdir()) == [
        "confusion_matrix",
        "curves",
        "least_certain",
        "mistakes",
        "per_class",
        "reliability",
        "roc_pr",
        "speed",
    ]
