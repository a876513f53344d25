"""Options and arguments that several commands share."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.network import OFFLINE_VARIABLE, downloads
from bigmodel_cli.runs_dir import RUNS_VARIABLE, TUNES_VARIABLE, default_runs_dir

F = TypeVar("F", bound=Callable[..., Any])

config_argument = click.argument("config", type=click.Path(path_type=Path), shell_complete=complete.configs)
overrides_argument = click.argument(
    "overrides", nargs=-1, metavar="[KEY=VALUE | ~KEY]...", shell_complete=complete.overrides
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")


def _close_gate(context: click.Context, _: click.Parameter, is_offline: bool) -> bool:
    """Until the command ends, nothing is fetched, also by libraries."""
    context.with_resource(downloads(allowed=not is_offline))
    return is_offline


offline_option = click.option(
    "--offline",
    is_flag=True,
    envvar=OFFLINE_VARIABLE,
    callback=_close_gate,
    help=f"Forbid every download. [{OFFLINE_VARIABLE}]",
)
runs_dir_option = click.option(
    "--runs-dir",
    type=click.Path(path_type=Path),
    envvar=RUNS_VARIABLE,
    default=Path("runs"),
    show_default=True,
    help=f"Where runs are kept. [{RUNS_VARIABLE}]",
)
tunes_dir_option = click.option(
    "--tunes-dir",
    type=click.Path(path_type=Path),
    envvar=TUNES_VARIABLE,
    default=Path("tunes"),
    show_default=True,
    help=f"Where searches are kept. [{TUNES_VARIABLE}]",
)
strict_option = click.option("--strict", is_flag=True, help="Refuse what is only a warning otherwise.")
trust_option = click.option(
    "--trust",
    is_flag=True,
    help="Load a model that holds Lambda layers, classes of others, or Python of your own that has changed: "
    "it can run code from the file.",
)
code_option = click.option(
    "--code",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A Python file of your own, whose Keras classes and functions are shown too; it is not run.",
)
as_is_option = click.option(
    "--as-is",
    is_flag=True,
    help="Take drawings as they are, where those that the run was trained on were all made in one way.",
)
plain_option = click.option("--plain", is_flag=True, help="Print lines instead of a live display.")


def ci_options(command: F) -> F:
    """`--junit` and `--summary`."""
    for decorate in (
        click.option(
            "--summary",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Write metrics and gates in Markdown, for a pull request.",
        ),
        click.option(
            "--junit",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Write the quality gates as JUnit XML.",
        ),
    ):
        command = decorate(command)
    return command


def runs_dir_words(runs_dir: Path) -> str:
    """The option that a next command needs to look where this one did; nothing where it would anyway."""
    return "" if runs_dir == default_runs_dir() else f" --runs-dir {shlex.quote(str(runs_dir))}"


def example(*lines: str) -> str:
    """An epilog with commands to paste, kept as they are written."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
