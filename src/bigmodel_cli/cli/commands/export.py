"""`bigmodel export`."""

from __future__ import annotations

from pathlib import Path

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import (
    example,
    json_option,
    offline_option,
    plain_option,
    runs_dir_option,
    trust_option,
)


@click.command(
    epilog=example(
        "bigmodel export --format litert",
        "bigmodel export mnist --format litert,onnx --quantize none,int8",
        "bigmodel export adult --format onnx --max-loss accuracy=0.002 --out models/",
    )
)
@click.argument("run", required=False, shell_complete=complete.runs)
@click.option(
    "--format",
    "names",
    multiple=True,
    required=True,
    metavar="FORMAT",
    help="keras, savedmodel, litert or onnx; several with commas between, or repeated.",
)
@click.option(
    "--quantize",
    multiple=True,
    metavar="HOW",
    help="Smaller numbers: float16, dynamic, int8 or int4; none for the run's own, which are meant where "
    "nothing is said; several with commas between.",
)
@click.option(
    "--calibrate",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    metavar="N",
    help="How many training examples the ranges of int8 are found on.",
)
@click.option(
    "--max-loss",
    "losses",
    multiple=True,
    metavar="METRIC=NUMBER",
    help="What a score may lose, for instance accuracy=0.005; left out: a point of what the report begins "
    "with; may be repeated.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="A file for exactly so many examples at once; left out: for any number.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to; left out, into the run's exports/.",
)
@runs_dir_option
@offline_option
@trust_option
@plain_option
@json_option
def command(
    run: str | None,
    names: tuple[str, ...],
    quantize: tuple[str, ...],
    calibrate: int,
    losses: tuple[str, ...],
    batch_size: int | None,
    out: Path | None,
    runs_dir: Path,
    offline: bool,
    trust: bool,
    plain: bool,
    as_json: bool,
) -> None:
    """Write a run's model in other formats, and measure each of them against the run.

    RUN is a run's folder, or a name for its newest completed run; left out, the newest of all is meant. Each
    file is opened by its own runtime and predicts the whole test split; one that answers worse than
    --max-loss allows is not kept, and the exit code is 4.
    """
    from bigmodel_cli.cli.exported import as_document, show
    from bigmodel_cli.cli.output import echo_json, note
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.exporting.comparison import parse_losses
    from bigmodel_cli.exporting.export import Request, export_run, require_all
    from bigmodel_cli.exporting.wanted import wanted_of
    from bigmodel_cli.inference.opened import open_run

    wanted, max_loss = wanted_of(names, quantize), parse_losses(losses)
    opened = open_run(run, runs_dir)
    if run is None:
        note(f"run: {opened.folder.title} (the newest completed one)")
    with listening(plain=plain) as listener:
        request = Request(wanted, out, calibrate, max_loss, batch_size, offline, trust)
        found = export_run(opened, request, listener)
    if as_json:
        echo_json(as_document(opened, found))
    else:
        show(found)
    require_all(found)
