"""Which plots a run gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigmodel_cli.figures import save
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.parts import part_of
from bigmodel_cli.reporting.curves import draw_curves, draw_speed
from bigmodel_cli.reporting.image_grids import draw_grid, sample_tiles
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tasks.figures import Figures
from bigmodel_cli.tasks.sections import Sections
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 8


def plot_run(run: RunFolder, evaluation: Mapping[str, Any], task: Task, best_epoch: int | None) -> None:
    """Draw everything that metrics, an evaluation and its samples show.

    Args:
        run: Where; its metrics, predictions and samples are read.
        evaluation: As evaluation/<split>.json has it.
        task: What was evaluated.
        best_epoch: Of the checkpoint that was evaluated.
    """
    samples, title = run.read_json(run.samples(evaluation["split"])), f"{evaluation['split']} split"
    columns, of_task = read_metrics(run.metrics), part_of(task, Figures)
    figures: dict[str, Figure] = {}
    if columns["epoch"]:
        figures["curves"] = draw_curves(columns, best_epoch)
        figures["speed"] = draw_speed(columns)
    figures |= {plot.name: plot.draw() for plot in of_task.plots(run, evaluation, title)}
    for name, (_, heading) in part_of(task, Sections).samples.items():
        if shown := sample_tiles(samples.get(name, []), of_task):
            figures[name] = draw_grid(shown, _COLUMNS, f"{heading} on the {title}")
    for name, figure in figures.items():
        save(figure, run, name)
