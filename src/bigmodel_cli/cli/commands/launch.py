"""`bigmodel launch`."""

from __future__ import annotations

import click

from bigmodel_cli.cli.options import example
from bigmodel_cli.cluster.environment import DEFAULT_PORT


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog=example(
        "bigmodel launch --workers 2 -- train configs/digits.yaml",
        "bigmodel launch --hosts node1,node2 --restarts 3 -- train configs/mnist.yaml",
        "bigmodel launch --hosts node1:4,node2:4 -- train --resume mnist",
    ),
)
@click.option("--workers", type=click.IntRange(min=2), metavar="N", help="Start N processes on this machine.")
@click.option(
    "--hosts",
    metavar="HOST[:SLOTS],…",
    help="Start processes on these machines by ssh, one on each or as many as SLOTS says. The first one is "
    "the chief. All need the same folder, and this program at the same place.",
)
@click.option(
    "--restarts",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="After a failure start all again from the last checkpoint, N times at most.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="With --hosts: the first process's port on each machine.",
)
@click.option(
    "--insecure-network",
    is_flag=True,
    help="With --hosts: take public addresses too. TensorFlow's ports have no authentication.",
)
@click.argument("words", nargs=-1, required=True, metavar="-- train CONFIG …")
def command(
    workers: int | None,
    hosts: str | None,
    restarts: int,
    port: int,
    insecure_network: bool,
    words: tuple[str, ...],
) -> None:
    """Train one model in several processes, on this machine or on several.

    Each process has a replica of the model and its part of every batch; the chief alone writes the run. If a
    process is lost, the others end within 30 seconds with exit code 5, and the run can go on.
    """
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.cluster.launching.hosts import require_private, slots_here, slots_on
    from bigmodel_cli.cluster.launching.supervisor import Launch

    context = click.get_current_context()
    if (workers is None) == (hosts is None):
        raise click.UsageError("expected --workers N or --hosts A,B", context)
    if words[0] != "train":
        raise click.UsageError(f"launch is for train, found {words[0]!r}", context)
    if hosts is not None:
        slots = slots_on(hosts, port)
        if len(slots) < 2:
            raise click.UsageError("--hosts: one process needs no launch; expected two or more", context)
        require_private(slots, insecure=insecure_network)
        launch = Launch(lambda: slots, words, restarts, note)
    else:
        count = workers or 0
        # Ports that were free once may not be free again.
        launch = Launch(lambda: slots_here(count), words, restarts, note)
    note(
        "TensorFlow's ports have no authentication and listen on every interface: keep them in a network "
        "that you trust (docs/scaling.md)"
    )
    context.exit(launch.run())
