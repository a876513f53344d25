"""Which plots a run gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bigmodel_cli.figures import save
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.parts import part_of
from bigmodel_cli.reporting.curves import draw_curves, draw_speed
from bigmodel_cli.reporting.image_grids import draw_grid, sample_tiles
from bigmodel_cli.reporting.of_targets import OfTarget, of_targets
from bigmodel_cli.reporting.rate_curve import draw_rate_test
from bigmodel_cli.run_folder import RATE_TEST, RunFolder
from bigmodel_cli.tasks.figures import Figures
from bigmodel_cli.tasks.sections import Sections
from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 8


def plot_run(
    run: RunFolder, evaluation: Mapping[str, Any], targets: Mapping[str, Task], best_epoch: int | None
) -> None:
    """Draw everything that metrics, an evaluation and its samples show into a run's folder.

    Args:
        run: Where; its metrics, predictions and samples are read.
        evaluation: As evaluation/<split>.json has it.
        targets: What was evaluated; the files of one of several end with its name.
        best_epoch: Of the checkpoint that was evaluated.
    """
    for name, figure in _figures_of(run, evaluation, targets, best_epoch):
        save(figure, run, name)


def figures_of_run(
    run: RunFolder, evaluation: Mapping[str, Any], targets: Mapping[str, Task], best_epoch: int | None
) -> dict[str, Figure]:
    """The same figures by the names of files; arguments are those of `plot_run`."""
    return dict(_figures_of(run, evaluation, targets, best_epoch))


def _figures_of(
    run: RunFolder, evaluation: Mapping[str, Any], targets: Mapping[str, Task], best_epoch: int | None
) -> Iterator[tuple[str, Figure]]:
    columns = read_metrics(run.metrics)
    if columns["epoch"]:
        yield "curves", draw_curves(columns, best_epoch)
        yield "speed", draw_speed(columns)
    if (test := run.read_record().get(RATE_TEST)) is not None:
        yield "learning_rate_test", draw_rate_test(test)
    samples = run.read_json(run.samples(evaluation["split"]))
    for told in of_targets(run, evaluation, samples, targets):
        for name, figure in _figures(told):
            yield told.called(name), figure


def _figures(told: OfTarget) -> Iterator[tuple[str, Figure]]:
    """What is drawn of a target, by the names of files."""
    of_task, title = part_of(told.task, Figures), f"{told.evaluation['split']} split"
    titled = f"{told.target}, {title}" if told.target else title
    for plot in of_task.plots(told.cells, told.evaluation, titled):
        yield plot.name, plot.draw()
    for name, (_, heading) in part_of(told.task, Sections).samples.items():
        if shown := sample_tiles(told.samples.get(name, []), of_task):
            yield name, draw_grid(shown, _COLUMNS, f"{heading} on the {titled}")
