"""`bigmodel init`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option, offline_option

if TYPE_CHECKING:
    from bigmodel_cli.starter import Starter


@click.command(
    epilog=example(
        "bigmodel init > config.yaml",
        "bigmodel init photos/ -o photos.yaml",
        "bigmodel init photos/ --weights mobilenet_1_0_224_tf_no_top.h5 -o photos.yaml",
        "bigmodel init people.csv --target income -o people.yaml",
        "bigmodel init loans.csv -o loans.yaml",
        "bigmodel init mails/ -o mails.yaml",
        "bigmodel init novels/ -o writer.yaml",
        "bigmodel init data.npz",
        "bigmodel init train.conll -o names.yaml",
        "bigmodel init sentences.tsv --target de -o translate.yaml",
        "bigmodel init --config mnist -o mnist.yaml",
    )
)
@click.argument("data", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write here; nothing is overwritten.",
)
@click.option(
    "--config",
    "shipped",
    metavar="NAME",
    shell_complete=complete.shipped,
    help="A config that comes with bigmodel, instead of one made for DATA (see the command list).",
)
@click.option(
    "--weights",
    metavar="imagenet|FILE|none",
    help="Pretrained weights for images: ImageNet's, a file of one of Keras's applications, or none; "
    "by default ImageNet's, where they are here or can be downloaded.",
)
@click.option(
    "--labels",
    type=click.Choice(["classes", "numbers"]),
    help="What the labels of an array or a table are; by default what they look like.",
)
@click.option(
    "--target",
    metavar="COLUMN",
    help="The column of a table that is to be predicted; by default the one whose name or place says so.",
)
@offline_option
@json_option
def command(data: Path | None, output: Path | None, shipped: str | None, as_json: bool, **how: Any) -> None:
    """Print a commented starter config that fits DATA.

    DATA is a folder with a folder of images, texts (.txt) or sounds per class, or of images and masks;
    a table (.csv, .parquet, .jsonl: of rows, pairs of texts, who had or rated which item, or paths of
    files and labels), beside which a table of the items may lie; an .npz file; words with tags (.conll,
    .jsonl); questions about texts (.json, as SQuAD has them); a text (.txt), or a folder of texts, from
    which a model learns to write more of it; or a folder in which one of these files is. Left out, the
    config is for the handwritten digits that come with scikit-learn. What was seen, what was decided
    for it, and about how long training takes is printed; the reasons stand in the config.
    """
    from bigmodel_cli.cli.output import echo_json, note, warn
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.starter import Wishes, make_starter, shipped_starter
    from bigmodel_cli.whole_files import write_text

    if output is not None and output.exists():
        raise UsageError(
            f"{output} exists already; nothing was written", hint="choose another name, or remove it"
        )
    if shipped is not None and (data is not None or how["weights"] is not None):
        raise UsageError(
            "--config takes no DATA and no --weights: a config that comes with bigmodel has its own"
        )
    if shipped is not None:
        starter = shipped_starter(shipped, output)
    else:
        written_in = Path() if output is None else output.parent
        starter = make_starter(data, Wishes(**how, written_in=written_in, warn=warn, note=note))
    if output is not None:
        write_text(output, starter.text)
    if as_json:
        echo_json({"config": starter.text, **starter.as_json(), "output": str(output) if output else None})
    else:
        _show(starter, output)


def _show(starter: Starter, output: Path | None) -> None:
    from bigmodel_cli.cli.output import next_command, note

    if output is None:
        click.echo(starter.text, nl=False)
    note(f"found: {starter.found}")
    for decision in starter.decisions:
        note(f"decided: {decision}")
    if starter.time is not None:
        note(f"training: {starter.time}")
    if starter.better is not None:
        note(f"better: {starter.better}")
    if output is None:
        return
    note(f"written: {output}")
    quoted, schema = shlex.quote(str(output)), shlex.quote(str(output.parent / "bigmodel.schema.json"))
    next_command(f"bigmodel schema > {schema}", f"bigmodel show {quoted}", f"bigmodel train {quoted}")
