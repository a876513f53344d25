"""`bigmodel check`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from bigmodel_cli.cli.options import config_argument, example, json_option, overrides_argument


@click.command(
    epilog=example("bigmodel check configs/mnist.yaml", "bigmodel check my.yaml training.epochs=3 --json")
)
@config_argument
@overrides_argument
@json_option
def command(config: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Check CONFIG without starting TensorFlow: every mistake at once, with its line."""
    from bigmodel_cli.cli.output import echo_json, next_command
    from bigmodel_cli.errors import ConfigError
    from bigmodel_cli.modeling.language import read_config

    try:
        loaded = read_config(config, overrides)
    except ConfigError as error:
        if as_json:
            echo_json(
                {
                    "config": str(config),
                    "ok": False,
                    "problems": error.problems or [{"message": error.message}],
                }
            )
        raise
    if as_json:
        echo_json({"config": str(config), "ok": True, "problems": []})
        return
    experiment = loaded.experiment
    steps = len(experiment.model)
    click.echo(
        f"{config}: ok ({experiment.data.source.name}, {steps} step{'s' * (steps != 1)}, "
        f"{experiment.loss.name}, {experiment.optimizer.name}, {experiment.training.epochs} epochs)"
    )
    words = shlex.join([str(config), *overrides])
    next_command(f"bigmodel show {words}", f"bigmodel train {words}")
