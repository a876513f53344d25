"""`bigmodel data verify`."""

from __future__ import annotations

from pathlib import Path

import click

from bigmodel_cli.cli.options import example, json_option


@click.command(
    epilog=example("bigmodel data verify flowers-packed", "bigmodel data verify flowers-packed --json")
)
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Read all files that `bigmodel data pack` has written, and compare them with their checksums."""
    from bigmodel_cli.cli.output import echo_json, note, one_line
    from bigmodel_cli.cut import some
    from bigmodel_cli.errors import DataError
    from bigmodel_cli.sources.packed import damaged_files, other_files

    damaged, others = damaged_files(folder), other_files(folder)
    if as_json:
        echo_json({"folder": str(folder), "damaged": damaged, "others": others})
    elif not damaged:
        click.echo(f"{folder}: all files are what they were")
    if others:
        note(one_line(f"not of the packed data, and never read: {some(others, 5)}"))
    if damaged:
        raise DataError(
            f"{folder}: damaged or missing: {', '.join(damaged)}",
            hint="pack the data again: bigmodel data pack CONFIG",
        )
