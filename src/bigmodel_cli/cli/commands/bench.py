"""`bigmodel bench`."""

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


@click.command(epilog=example("bigmodel bench", "bigmodel bench mnist --batch-size 256 --json"))
@click.argument("run", required=False, shell_complete=complete.runs)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    metavar="N",
    help="How many examples a batch has.",
)
@runs_dir_option
@trust_option
@offline_option
@plain_option
@json_option
def command(
    run: str | None, batch_size: int, runs_dir: Path, trust: bool, offline: bool, plain: bool, as_json: bool
) -> None:
    """What predictions take here and now: time and memory by each engine and export of a run.

    RUN is a run's folder, or a name for its newest completed run; left out, the newest of all is meant. Each
    is run in a process of its own, one after the other, on examples of the run's held-out data.
    """
    from bigmodel_cli.cli.exported import BENCH_COLUMNS, bench_row
    from bigmodel_cli.cli.output import echo_json, note, printable, table
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.exporting.bench import bench
    from bigmodel_cli.inference.opened import open_run

    opened = open_run(run, runs_dir)
    if run is None:
        note(f"run: {opened.folder.title} (the newest completed one)")
    found = []
    with listening(plain=plain) as listener:
        for took in bench(opened, batch_size, listener, offline=offline, trust=trust):
            listener.say(f"measured: {took.name}")
            found.append(took)
    if as_json:
        echo_json({"run": str(opened.folder.path), "engines": [took.as_json() for took in found]})
        return
    table(
        BENCH_COLUMNS,
        map(bench_row, filter(lambda took: took.reason is None, found)),
        numeric=BENCH_COLUMNS[1:],
    )
    for took in found:
        if took.reason is not None:
            click.echo(printable(f"{took.name}: {took.reason}"))
