"""Which plots a run gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.reporting.class_plots import (
    draw_per_class,
    draw_reliability,
    draw_roc_and_precision_recall,
)
from bigmodel_cli.reporting.confusion import draw_confusion_matrix
from bigmodel_cli.reporting.curves import draw_curves, draw_speed
from bigmodel_cli.reporting.figures import save
from bigmodel_cli.reporting.image_grids import draw_grid, sample_tiles
from bigmodel_cli.reporting.number_plots import draw_residuals, read_numbers
from bigmodel_cli.run_folder import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 8


def plot_run(
    run: RunFolder,
    evaluation: Mapping[str, Any],
    class_names: Sequence[str] | None,
    best_epoch: int | None,
) -> None:
    """Draw everything that metrics, an evaluation and its samples show.

    Args:
        run: Where; its metrics, predictions and samples are read.
        evaluation: As evaluation/<split>.json has it.
        class_names: In index order; None where labels are numbers.
        best_epoch: Of the checkpoint that was evaluated.
    """
    samples = run.read_json(run.samples(evaluation["split"]))
    columns = read_metrics(run.metrics)
    figures: dict[str, Figure] = {}
    if columns["epoch"]:
        figures["curves"] = draw_curves(columns, best_epoch)
        figures["speed"] = draw_speed(columns)
    if class_names is None:
        labels, outputs = read_numbers(run.predictions(evaluation["split"]))
        figures["residuals"] = draw_residuals(labels, outputs, f"{evaluation['split']} split")
    else:
        figures |= class_figures(evaluation, class_names)
    for kind, heading in (
        ("mistakes", "the largest errors" if class_names is None else "the most confident mistakes"),
        ("least_certain", "the least certain decisions"),
    ):
        if shown := sample_tiles(samples.get(kind, [])):
            figures[kind] = draw_grid(shown, _COLUMNS, f"{heading} on the {evaluation['split']} split")
    for name, figure in figures.items():
        save(figure, run, name)


def class_figures(evaluation: Mapping[str, Any], class_names: Sequence[str]) -> dict[str, Figure]:
    """The figures of an evaluation of classes, by name.

    Args:
        evaluation: As evaluation/<split>.json has it.
        class_names: In index order.
    """
    title = f"{evaluation['split']} split, accuracy {evaluation['metrics']['accuracy']:.2%}"
    figures = {
        "confusion_matrix": draw_confusion_matrix(evaluation["confusion_matrix"], class_names, title),
        "per_class": draw_per_class(evaluation["per_class"]),
    }
    if evaluation["curves"]["roc"]:
        figures["roc_pr"] = draw_roc_and_precision_recall(evaluation["curves"])
    if "reliability" in evaluation:
        before = evaluation.get("decision", {}).get("without", {}).get("expected_calibration_error")
        error = evaluation["scores"]["expected_calibration_error"]
        figures["reliability"] = draw_reliability(evaluation["reliability"], error, before)
    return figures
