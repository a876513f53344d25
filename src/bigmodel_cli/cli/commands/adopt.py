"""`bigmodel adopt`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import (
    example,
    json_option,
    offline_option,
    plain_option,
    runs_dir_option,
)


@click.command(
    epilog=example(
        "bigmodel adopt model.keras --data photos/ --labels labels.txt",
        "bigmodel adopt mnist_convnet.keras --data mnist --rescale 1/255",
        "bigmodel adopt heart.keras --data heart.csv --target target data.test=0.5",
    )
)
@click.argument("file", metavar="MODEL", type=click.Path(path_type=Path))
@click.argument(
    "words", nargs=-1, metavar="[KEY=VALUE | ~KEY]...", shell_complete=complete.config_and_overrides
)
@click.option(
    "--data",
    required=True,
    metavar="DATA",
    help="What it is evaluated on: a folder with an image folder per class, a table, an .npz file, a config "
    "whose section data is meant, or the name of a source.",
)
@click.option(
    "--labels",
    multiple=True,
    metavar="[TARGET=]FILE",
    help="All classes, one in each line, in the order of the model's outputs; by default in the order of the "
    "data's classes. Of several targets one for each.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="COLUMN",
    help="The column of a table that is predicted; by default those that the model's outputs are named like, "
    "or the one whose name or place says so; may be repeated.",
)
@click.option(
    "--output",
    metavar="NAME",
    help="Of a model with several outputs the one that is for the target of the data; by default each output "
    "is for the target of its name.",
)
@click.option(
    "--rescale",
    metavar="FACTOR[,OFFSET]",
    help="What pixels are multiplied by before the model gets them, and what is added, where it was trained "
    "on such values and no layer of it does that: 1/255, or 1/127.5,-1.",
)
@click.option("--name", metavar="NAME", help="Of the run; by default the file's.")
@runs_dir_option
@offline_option
@plain_option
@json_option
def command(
    file: Path,
    words: tuple[str, ...],
    runs_dir: Path,
    plain: bool,
    as_json: bool,
    **asked: Any,
) -> None:
    """Make a run of a model that was trained elsewhere.

    MODEL is a .keras file, or an .h5 file with a whole model. What it takes and gives is read from it, and
    DATA are brought to that; it is evaluated on them, exported, drawn and reported like a run that was
    trained here, so that `evaluate`, `predict`, `explain`, `report` and `export` work on it. KEY=VALUE
    changes the config that is made. A model that holds code, such as a Lambda layer, is refused.
    """
    from bigmodel_cli.adopting.adopt import Request, adopt
    from bigmodel_cli.adopting.config import parse_rescale
    from bigmodel_cli.adopting.data import Wanted
    from bigmodel_cli.adopting.labels import label_files
    from bigmodel_cli.cli.output import echo_json
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.cli.trained import result_as_json, show_result

    rescale = None if asked["rescale"] is None else parse_rescale(asked["rescale"])
    data = Wanted(asked["data"], asked["targets"])
    labels = label_files(asked["labels"])
    request = Request(file, data, asked["name"], labels, asked["output"], rescale, words, asked["offline"])
    with listening(plain=plain) as listener:
        result = adopt(request, runs_dir, listener)
    if as_json:
        echo_json(result_as_json(result))
    else:
        show_result(result, runs_dir)
