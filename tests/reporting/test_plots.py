"""Plots of a run: they draw without a warning, whatever the number of epochs and classes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.metrics_file import MetricsLog
from bigmodel_cli.reporting.plots import draw_confusion_matrix, draw_curves, plain, plot_run, save
from bigmodel_cli.run_folder import RunFolder

pytestmark = pytest.mark.slow

HOSTILE = ["$x_", "a\\b$^{", "\x1b[31mred", "猫", "n" * 300, "two\nlines", "%s", "<b>&amp;"]


def columns(num_epochs, *names):
    rng = np.random.default_rng(0)
    first = {"epoch": list(range(1, num_epochs + 1)), "seconds": [1.0] * num_epochs}
    numbers = {name: rng.random(num_epochs).tolist() for name in ("learning_rate", *names)}
    return {**first, "examples_per_second": [9.0] * num_epochs, **numbers}


def png(path):
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")), image.size


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("num_epochs", [1, 2, 50])
@pytest.mark.parametrize(
    "names", [("loss",), ("loss", "val_loss"), ("loss", "accuracy", "val_loss", "val_accuracy")]
)
def test_curves(tmp_path, num_epochs, names):
    figure = draw_curves(columns(num_epochs, *names))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [name for name in names if not name.startswith("val_")] + ["learning rate"]
    lines = figure.axes[0].get_lines()
    assert len(lines) == (2 if "val_loss" in names else 1)
    np.testing.assert_array_equal(lines[0].get_xdata(), np.arange(1, num_epochs + 1))
    save(figure, RunFolder(tmp_path), "curves")
    pixels, (width, height) = png(RunFolder(tmp_path).plot("curves"))
    assert (width, height) == (9 * 120, 3 * 120 * ((len(titles) + 1) // 2))
    assert pixels.min() < 50 and pixels.max() == 255


def test_curves_of_values_that_are_no_numbers(tmp_path):
    values = columns(3, "loss", "val_loss")
    values["val_loss"] = [float("nan"), float("inf"), 1.0]
    save(draw_curves(values), RunFolder(tmp_path), "curves")
    assert png(RunFolder(tmp_path).plot("curves"))[0].std() > 0


@pytest.mark.parametrize("num_classes", [2, 10, 100])
def test_confusion_matrix(tmp_path, num_classes):
    matrix = np.random.default_rng(0).integers(1, 9, (num_classes, num_classes))
    names = [f"class {number}" for number in range(num_classes)]
    figure = draw_confusion_matrix(matrix.tolist(), names, "test split")
    axes = figure.axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("label", "prediction")
    assert 2 <= len(axes.get_xticks()) <= 40
    np.testing.assert_allclose(axes.images[0].get_array(), matrix / matrix.sum(axis=1, keepdims=True))
    save(figure, RunFolder(tmp_path), "matrix")
    pixels, (width, height) = png(RunFolder(tmp_path).plot("matrix"))
    assert 600 <= width == height <= 14 * 120
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize(("num_classes", "num_numbers"), [(20, 400), (21, 0)])
def test_numbers_stand_in_the_cells_while_they_can_be_read(num_classes, num_numbers):
    matrix = np.full((num_classes, num_classes), 7)
    figure = draw_confusion_matrix(matrix.tolist(), ["a"] * num_classes, "")
    assert texts(figure) == ["7"] * num_numbers


def test_a_class_without_examples_is_an_empty_row():
    figure = draw_confusion_matrix([[3, 1], [0, 0]], ["a", "b"], "")
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), [[0.75, 0.25], [0, 0]])
    assert texts(figure) == ["3", "1"]


def test_names_that_mean_something_to_matplotlib_or_a_terminal(tmp_path):
    matrix = np.eye(len(HOSTILE), dtype=int)
    save(draw_confusion_matrix(matrix.tolist(), HOSTILE, "a $title_"), RunFolder(tmp_path), "matrix")
    assert png(RunFolder(tmp_path).plot("matrix"))[0].std() > 0


@pytest.mark.parametrize(
    ("text", "shown"), [("cat", "cat"), ("$x_", r"\$x_"), ("n" * 30, "n" * 23 + "…"), ("\x1b[1m", r"\x1b[1m")]
)
def test_plain(text, shown):
    assert plain(text) == shown


def test_plot_run(tmp_path):
    run = RunFolder(tmp_path)
    log = MetricsLog(run.metrics, ["loss", "val_loss"])
    log.start_over()
    log.add(
        {"epoch": 1, "seconds": 1, "examples_per_second": 1, "learning_rate": 0.1, "loss": 2, "val_loss": 3}
    )
    evaluation = {"split": "test", "metrics": {"accuracy": 0.5}, "confusion_matrix": [[1, 1], [1, 1]]}
    plot_run(run, evaluation, ["a", "b"])
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == [
        "confusion_matrix.png",
        "curves.png",
    ]
    plot_run(RunFolder(tmp_path), {}, None)
