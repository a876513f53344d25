"""`bigmodel init`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import example, json_option


@click.command(
    epilog=example(
        "bigmodel init > config.yaml",
        "bigmodel init photos/ -o photos.yaml",
        "bigmodel init data.npz",
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
    help="A config that comes with bigmodel, instead of one made for DATA; bigmodel list configs has them.",
)
@json_option
def command(data: Path | None, output: Path | None, shipped: str | None, as_json: bool) -> None:
    """Print a commented starter config for DATA.

    DATA is a folder with an image folder per class, a .csv of image paths and labels, or an .npz file;
    left out, the config is for the handwritten digits that come with scikit-learn.
    """
    from bigmodel_cli.cli.output import echo_json, next_command, note
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.starter import make_starter, shipped_starter
    from bigmodel_cli.whole_files import write_text

    if output is not None and output.exists():
        raise UsageError(
            f"{output} exists already; nothing was written", hint="choose another name, or remove it"
        )
    if shipped is not None and data is not None:
        raise UsageError("--config takes no DATA: a config that comes with bigmodel names its own")
    if shipped is not None:
        starter = shipped_starter(shipped, output)
    else:
        starter = make_starter(data, written_in=Path() if output is None else output.parent)
    if output is not None:
        write_text(output, starter.text)
    if as_json:
        echo_json({"config": starter.text, "found": starter.found, "output": str(output) if output else None})
        return
    if output is None:
        click.echo(starter.text, nl=False)
        note(f"found: {starter.found}")
        return
    note(f"found: {starter.found}\nwritten: {output}")
    quoted, schema = shlex.quote(str(output)), shlex.quote(str(output.parent / "bigmodel.schema.json"))
    next_command(f"bigmodel schema > {schema}", f"bigmodel show {quoted}", f"bigmodel train {quoted}")
