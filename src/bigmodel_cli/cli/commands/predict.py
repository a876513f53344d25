"""`bigmodel predict`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option, runs_dir_option, trust_option

if TYPE_CHECKING:
    from bigmodel_cli.inference.predict import Prediction


@click.command(
    epilog=example(
        "bigmodel predict digit.png",
        "bigmodel predict photos/ --run flowers --csv predictions.csv",
        "bigmodel predict 'photos/*.jpg' --plot predictions.png",
    )
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--run", shell_complete=complete.runs, help="A run's folder or name. [default: the newest completed run]"
)
@click.option(
    "--top", type=click.IntRange(min=1), default=3, show_default=True, help="Classes to show for each input."
)
@click.option("--invert", is_flag=True, help="Turn bright into dark first, for dark digits on white paper.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "litert", "keras"]),
    default="auto",
    show_default=True,
    help="LiteRT answers before TensorFlow would have started.",
)
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all scores to this file.",
)
@click.option(
    "--plot",
    "plot_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the images under their predictions.",
)
@trust_option
@runs_dir_option
@json_option
def command(
    inputs: tuple[str, ...],
    run: str | None,
    top: int,
    csv_path: Path | None,
    plot_path: Path | None,
    runs_dir: Path,
    as_json: bool,
    **how: Any,
) -> None:
    """Predict INPUTs: image files, folders of them, quoted globs, or .npy and .npz arrays."""
    from bigmodel_cli.cli.output import echo_json, note, warn
    from bigmodel_cli.errors import DataError
    from bigmodel_cli.inference.engines import open_engine
    from bigmodel_cli.inference.inputs import find_inputs
    from bigmodel_cli.inference.opened import open_run
    from bigmodel_cli.inference.predict import predict

    opened = open_run(run, runs_dir)
    if run is None:
        note(f"run: {opened.folder.title} (the newest completed one)")
    if plot_path:
        from bigmodel_cli.reporting.prediction_plot import check_plot

        check_plot(plot_path, opened.signature)
    found = find_inputs(inputs, opened.signature)
    name, engine = open_engine(opened.folder, how["engine"], warn=warn, trust=how["trust"])
    predictions = []
    for prediction in predict(opened, engine, found, invert=how["invert"]):
        predictions.append(prediction)
        if not as_json:
            _show(prediction, top)
    if as_json:
        documents = [prediction.as_json(top) for prediction in predictions]
        echo_json({"run": str(opened.folder.path), "engine": name, "predictions": documents})
    _write(predictions, csv_path, plot_path, how["invert"], opened)
    unreadable = [prediction.error for prediction in predictions if prediction.error]
    if unreadable:
        more = f" (and {len(unreadable) - 1} more)" if len(unreadable) > 1 else ""
        raise DataError(f"{unreadable[0]}{more}")


def _show(prediction: Prediction, top: int) -> None:
    from bigmodel_cli.cli.output import one_line

    name = one_line(prediction.input.name)
    if prediction.scores is None:
        return
    if prediction.class_names is None:
        click.echo(f"{name}: {' '.join(f'{value:.6g}' for value in prediction.scores.ravel())}")
        return
    shown = ", ".join(f"{one_line(label)} {score:.1%}" for label, score in prediction.top(top))
    click.echo(f"{name}: {shown}")


def _write(
    predictions: Sequence[Prediction],
    csv_path: Path | None,
    plot_path: Path | None,
    invert: bool,
    opened: Any,
) -> None:
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.whole_files import write_output

    if csv_path:
        from bigmodel_cli.inference.predict import write_csv

        write_output(csv_path, lambda path: write_csv(path, predictions))
        note(f"written: {csv_path}")
    if plot_path:
        from bigmodel_cli.reporting.prediction_plot import plot_predictions

        plot_predictions(plot_path, predictions, opened.signature, invert=invert)
        note(f"written: {plot_path}")
