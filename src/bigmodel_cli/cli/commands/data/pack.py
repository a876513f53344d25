"""`bigmodel data pack`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli.numbers import WholeNumber
from bigmodel_cli.cli.options import (
    config_argument,
    example,
    json_option,
    offline_option,
    overrides_argument,
    plain_option,
)

if TYPE_CHECKING:
    from bigmodel_cli.pipeline.packing import Packed


@click.command(
    epilog=example(
        "bigmodel data pack flowers.yaml --out flowers-packed",
        "bigmodel data pack flowers.yaml --out /scratch/flowers --shards 64",
    )
)
@config_argument
@overrides_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder; what was packed there before is replaced. [default: NAME-packed]",
)
@click.option(
    "--shards",
    type=WholeNumber(min=1, max=99_999),
    default=8,
    show_default=True,
    metavar="N",
    help="Files that the training split is dealt to.",
)
@offline_option
@plain_option
@json_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    out: Path | None,
    shards: int,
    offline: bool,
    plain: bool,
    as_json: bool,
) -> None:
    """Write the examples of CONFIG, decoded and resized, into a few large files that are read much faster.

    Any source can be packed; training from the files sees the same examples in the same batches. They take as
    much room as the decoded pixels do.
    """
    from bigmodel_cli.cli.output import echo_json, next_command, show_warnings, warn
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.inference.run_data import load_context
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.pipeline.packing import pack
    from bigmodel_cli.sources.packed import INDEX

    loaded = read_config(config, overrides)
    show_warnings(loaded.warnings)
    experiment = loaded.experiment
    folder = out or Path(f"{experiment.name}-packed")
    options = experiment.data.source.options
    if (why := options.why_not_packed) is not None:
        raise UsageError(f"{config}: {why}", hint="train from the table itself, which is read once")
    is_again = (folder / INDEX).exists()
    with listening(plain=plain) as listener:
        source = options.load(load_context(experiment, listener, offline=offline))
        packed = pack(
            source,
            folder,
            shards,
            skips=experiment.data.on_bad_file == "skip",
            progress=listener.download,
        )
    if options.tables_beside:
        joined = ", ".join(str(path) for path in options.tables_beside.values())
        warn(
            f"{folder}: has the columns of {joined}, and not the table itself: rows to predict name these "
            "columns themselves; a run that is trained from the source looks them up"
        )
    if as_json:
        echo_json(_as_json(packed))
        return
    _show(packed, shards, is_again=is_again)
    words = shlex.join([str(config), f"data.source={{tfrecord: {{path: {folder}}}}}"])
    next_command(f"bigmodel train {words}")


def _as_json(packed: Packed) -> dict[str, Any]:
    return {
        "folder": str(packed.folder),
        "examples": packed.examples,
        "shards": packed.shards,
        "bytes": packed.num_bytes,
        "skipped": packed.skipped,
    }


def _show(packed: Packed, shards: int, *, is_again: bool) -> None:
    from bigmodel_cli.byte_sizes import byte_size
    from bigmodel_cli.cli.output import note

    counts = ", ".join(f"{count:,} {split}" for split, count in packed.examples.items())
    click.echo(
        f"{packed.folder}: {counts} examples in {len(packed.shards)} files, {byte_size(packed.num_bytes)}"
    )
    if packed.is_sharded and sum(name.startswith("train-") for name in packed.shards) < shards:
        note(f"--shards {shards}: no more files than there are examples to train on")
    if is_again:
        note("what was packed there before is replaced")
    if packed.skipped:
        note(f"left out, since they cannot be read: {packed.skipped:,}")
