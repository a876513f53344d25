"""`bigmodel runs`: what is under the folder of runs; a module for each subcommand."""

from __future__ import annotations

from pathlib import Path

import click

from bigmodel_cli.cli.groups import CommandFiles
from bigmodel_cli.cli.options import example, json_option, runs_dir_option


@click.group(
    name="runs",
    cls=CommandFiles,
    package=__name__,
    invoke_without_command=True,
    epilog=example(
        "bigmodel runs",
        "bigmodel runs ls mnist --json",
        "bigmodel runs show mnist",
        "bigmodel runs diff mnist mnist_mlp",
        "bigmodel runs compare mnist --plot curves.png",
        "bigmodel runs best mnist",
        "bigmodel runs rm mnist --keep-best 3",
        "bigmodel runs verify mnist",
    ),
)
@runs_dir_option
@json_option
@click.pass_context
def command(context: click.Context, runs_dir: Path, as_json: bool) -> None:
    """List, show, compare, check and remove runs; without a subcommand, list them."""
    from bigmodel_cli.cli.commands.runs import ls
    from bigmodel_cli.runs_dir import default_tunes_dir

    name = context.invoked_subcommand
    if name is None:
        context.invoke(ls.command, runs_dir=runs_dir, tunes_dir=default_tunes_dir(), as_json=as_json)
    elif as_json or context.get_parameter_source("runs_dir") is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError(f"write options after {name}: bigmodel runs {name} --…", context)
