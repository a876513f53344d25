"""`bigmodel launch`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from bigmodel_cli.cli.numbers import WholeNumber
from bigmodel_cli.cli.options import example
from bigmodel_cli.cluster.environment import DEFAULT_PORT

if TYPE_CHECKING:
    from contextlib import ExitStack

    from bigmodel_cli.cluster.launching.supervisor import Attempt


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog=example(
        "bigmodel launch --workers 2 -- train configs/digits.yaml",
        "bigmodel launch --hosts node1,node2 --restarts 3 -- train configs/mnist.yaml",
        "bigmodel launch --hosts node1:4,node2:4 -- train --resume mnist",
        "bigmodel launch --ray auto --workers 4 --restarts 3 -- train configs/mnist.yaml",
    ),
)
@click.option(
    "--workers",
    type=WholeNumber(min=2),
    metavar="N",
    help="Start N processes, on this machine or on those of --ray.",
)
@click.option(
    "--hosts",
    metavar="HOST[:SLOTS],…",
    help="Start processes on these machines by ssh, one on each or as many as SLOTS says. The first one is "
    "the chief. All need the same folder, and this program at the same place.",
)
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Let Ray Train find room for the --workers on its cluster: auto, host:port, or local for one of "
    "this machine, made for this launch. All machines need the same folder, and bigmodel.",
)
@click.option(
    "--restarts",
    type=WholeNumber(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="After a failure start all again from the last checkpoint, N times at most.",
)
@click.option(
    "--port",
    type=WholeNumber(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="With --hosts: the first process's port on each machine.",
)
@click.option(
    "--insecure-network",
    is_flag=True,
    help="With --hosts or --ray: take public addresses too. TensorFlow's ports have no authentication.",
)
@click.argument("words", nargs=-1, required=True, metavar="-- train CONFIG …")
def command(
    workers: int | None,
    hosts: str | None,
    ray: str | None,
    restarts: int,
    port: int,
    insecure_network: bool,
    words: tuple[str, ...],
) -> None:
    """Train one model in several processes, on this machine or on several.

    Each process has a replica of the model and its part of every batch; the chief alone writes the run. If a
    process is lost, the others end within 30 seconds with exit code 5, and the run can go on.
    """
    from contextlib import ExitStack

    from bigmodel_cli.cli.output import note
    from bigmodel_cli.cluster.launching.supervisor import Launch

    context = click.get_current_context()
    _require_one_place(context, workers, hosts, ray)
    if words[0] != "train":
        raise click.UsageError(f"launch is for train, found {words[0]!r}", context)
    _check(context, words[1:])
    with ExitStack() as stack:
        if hosts is not None:
            attempt = _by_hosts(hosts, port, words, insecure=insecure_network)
        elif ray is not None:
            attempt = _by_ray(ray, workers or 0, words, stack, insecure=insecure_network)
        else:
            attempt = _here(workers or 0, words)
        note(
            "TensorFlow's ports have no authentication and listen on every interface: keep them in a network "
            "that you trust (docs/scaling.md)"
        )
        code = Launch(attempt, restarts, note, _typed(context)).run()
    context.exit(code)


def _require_one_place(
    context: click.Context, workers: int | None, hosts: str | None, ray: str | None
) -> None:
    """Find out whether it is said, once, where how many processes are started."""
    given = {
        name for name in context.params if context.get_parameter_source(name) == ParameterSource.COMMANDLINE
    }
    if hosts is not None and (workers, ray) != (None, None):
        raise click.UsageError(
            "--hosts says where and how many: --workers and --ray do not go with it", context
        )
    if ray is not None and workers is None:
        raise click.UsageError("--ray needs --workers N", context)
    if workers is None and hosts is None:
        raise click.UsageError("expected --workers N, --hosts A,B, or --ray ADDRESS --workers N", context)
    if "port" in given and hosts is None:
        raise click.UsageError("--port is for --hosts; elsewhere free ports are found", context)
    if "insecure_network" in given and hosts is None and ray is None:
        raise click.UsageError("--insecure-network is for --hosts and --ray", context)


def _check(context: click.Context, words: Sequence[str]) -> None:
    """Find out once, before anything starts, what is wrong with what each process is to do."""
    from pathlib import Path

    from bigmodel_cli.cli.commands import train
    from bigmodel_cli.modeling.language import read_config

    with train.command.make_context("train", list(words), parent=context.parent) as training:
        given = training.params
    if given["resume"] is None and given["words"]:
        path, *overrides = given["words"]
        read_config(Path(path), overrides, strict=given["strict"], runs_dir=given["runs_dir"])


def _typed(context: click.Context) -> str:
    """The command line up to the words of each process."""
    words = ["launch"]
    for name in ("workers", "hosts", "ray", "restarts", "port", "insecure_network"):
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            value = context.params[name]
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join(words)


def _here(workers: int, words: Sequence[str]) -> Attempt:
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.cluster.launching.by_hosts import by_hosts
    from bigmodel_cli.cluster.launching.hosts import slots_here

    # Ports that were free once may not be free again.
    return by_hosts(lambda: slots_here(workers), words, note)


def _by_hosts(hosts: str, port: int, words: Sequence[str], *, insecure: bool) -> Attempt:
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.cluster.launching.by_hosts import by_hosts
    from bigmodel_cli.cluster.launching.hosts import require_private, slots_on

    slots = slots_on(hosts, port)
    if len(slots) < 2:
        raise click.UsageError(
            "--hosts: one process needs no launch; expected two or more", click.get_current_context()
        )
    require_private("--hosts", [slot.host for slot in slots], insecure=insecure)
    return by_hosts(lambda: slots, words, note)


def _by_ray(address: str, workers: int, words: Sequence[str], stack: ExitStack, *, insecure: bool) -> Attempt:
    from bigmodel_cli.cli.output import note
    from bigmodel_cli.cluster.launching.by_ray import RayCluster, require_ray

    require_ray()
    cluster = RayCluster(address, workers, insecure=insecure)
    stack.callback(cluster.close)
    return cluster.attempt(words, note, click.echo)
