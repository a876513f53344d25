"""What `train` prints where it only tries a config, and keeps nothing."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli.output import duration, echo_json, next_command, note, one_line

if TYPE_CHECKING:
    from bigmodel_cli.config.load import LoadedConfig


def try_smoke(loaded: LoadedConfig, *, trust: bool, offline: bool, plain: bool, as_json: bool) -> None:
    """`train --smoke`.

    Raises:
        SmokeError: If a stage does not work; those that do are shown before.
    """
    import time

    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.training.smoke import Smoke

    began = time.perf_counter()
    with listening(plain=plain) as listener:
        smoke = Smoke(loaded, listener, offline, trust)
        try:
            smoke.run()
        finally:
            for stage in smoke.stages:
                note(f"  {stage.name:<11} {stage.seconds:8.2f} s  {stage.described}")
    seconds = time.perf_counter() - began
    if as_json:
        stages = [{"stage": stage.name, "seconds": stage.seconds} for stage in smoke.stages]
        echo_json({"smoke": "works", "seconds": round(seconds, 3), "stages": stages})
        return
    click.echo(f"{loaded.path}: works, from training to prediction, in {duration(seconds)}")
    next_command(shlex.join(["bigmodel", "train", str(loaded.path), *loaded.overrides]))


def try_overfit(loaded: LoadedConfig, count: int, *, offline: bool, plain: bool, as_json: bool) -> None:
    """`train --overfit`.

    Raises:
        GateError: If the examples are not learned.
    """
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.training.overfit import Overfit

    with listening(plain=plain) as listener:
        found = Overfit(loaded, count, listener, offline).run()
    if as_json:
        echo_json(found.as_json())
    else:
        verb = "learns" if found.learned else "does not learn"
        click.echo(f"the model {verb} {found.examples} examples by heart: {found.described}")
        for number, meaning in enumerate(found.meanings, 1):
            click.echo(f"{number}. {one_line(meaning.finding)} {one_line(meaning.advice)}")
            if meaning.words:
                click.echo(f"   {one_line(meaning.words)}")
    found.require()
