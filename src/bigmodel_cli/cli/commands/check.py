"""`bigmodel check`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli.options import (
    config_argument,
    example,
    json_option,
    overrides_argument,
    strict_option,
)

if TYPE_CHECKING:
    from bigmodel_cli.config.load import LoadedConfig
    from bigmodel_cli.config.problems import Problem
    from bigmodel_cli.config.schema import Training


@click.command(
    epilog=example(
        "bigmodel check configs/mnist.yaml",
        "bigmodel check configs/mnist.yaml training.epochs=3 --strict --json",
    )
)
@config_argument
@overrides_argument
@strict_option
@click.option("--github", is_flag=True, help="Print annotations for GitHub Actions.")
@json_option
def command(config: Path, overrides: tuple[str, ...], strict: bool, github: bool, as_json: bool) -> None:
    """Check CONFIG without starting TensorFlow: every mistake at once, with its line.

    Of a `tune` section too: each value that may be drawn is tried in the config. Warnings name what is
    seldom meant, such as a key without effect; --strict makes them errors.
    """
    from bigmodel_cli.cli.output import echo_json
    from bigmodel_cli.cli.spaces import asked_of, space_as_json
    from bigmodel_cli.config.problems import config_error
    from bigmodel_cli.config.unread_data import missing_data, not_checked
    from bigmodel_cli.errors import ConfigError
    from bigmodel_cli.modeling.language import read_with_search
    from bigmodel_cli.modeling.model_files import problems_of_files

    try:
        loaded = read_with_search(config, overrides, strict=strict)
        warnings = [*loaded.warnings, *missing_data(loaded), *problems_of_files(loaded)]
        if any(strict or not problem.is_warning for problem in warnings):
            raise config_error(warnings)
    except ConfigError as error:
        if as_json:
            problems = error.problems or [{"message": error.message, "severity": "error"}]
            echo_json({"config": str(config), "ok": False, "problems": problems})
        if github:
            _annotate(error.problems)
        raise
    found = [warning.as_json() for warning in warnings]
    unknown = not_checked(loaded.experiment)
    if github:
        _annotate(found)
    if as_json:
        document = {"config": str(config), "ok": True, "problems": found, "not_checked": unknown}
        asked = asked_of(loaded)
        echo_json(document if asked is None else {**document, "tune": space_as_json(asked)})
    elif not github:
        _show(loaded, warnings, unknown)


def _show(loaded: LoadedConfig, warnings: list[Problem], unknown: list[str]) -> None:
    from bigmodel_cli.cli.output import next_command, note, one_line, show_warnings
    from bigmodel_cli.cli.spaces import asked_of, space_line

    show_warnings(warnings)
    experiment = loaded.experiment
    steps = len(experiment.model)
    losses = experiment.loss.values() if isinstance(experiment.loss, dict) else [experiment.loss]
    names = [*(loss.name for loss in losses), experiment.optimizer.name]
    click.echo(
        f"{one_line(str(loaded.path))}: ok ({experiment.data.source.name}, {steps} step{'s' * (steps != 1)}, "
        f"{', '.join(names)}, {_length(experiment.training)})"
    )
    if unknown:
        note(f"not checked, since only the data tells it: {', '.join(unknown)}")
    words = shlex.join([str(loaded.path), *loaded.overrides])
    commands = [f"bigmodel show {words}", f"bigmodel train {words}"]
    if (asked := asked_of(loaded)) is not None:
        click.echo(f"search: {space_line(asked)}")
        commands.append(f"bigmodel tune {words}")
    next_command(*commands)


def _length(training: Training) -> str:
    from bigmodel_cli.config.schema import AS_MANY_AS_FIT

    if training.time is None:
        return f"{training.epochs} epochs"
    most = "" if training.epochs == AS_MANY_AS_FIT else f"{training.epochs} epochs or "
    return f"{most}{training.time}"


def _annotate(problems: list[dict[str, Any]]) -> None:
    """GitHub's workflow commands, one a problem; what the command line says has no file to show it in."""
    from bigmodel_cli.cli.output import printable
    from bigmodel_cli.config.tree import COMMAND_LINE

    for problem in problems:
        advice = f" ({problem['suggestion']})" if problem["suggestion"] else ""
        text = _escaped(f"{problem['path']}: {problem['message']}{advice}")
        place = ""
        if problem["file"] != COMMAND_LINE:
            file = _escaped(problem["file"]).replace(":", "%3A").replace(",", "%2C")
            place = f" file={file},line={problem['line']},col={problem['column']}"
        click.echo(printable(f"::{problem['severity']}{place}::{text}"))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
