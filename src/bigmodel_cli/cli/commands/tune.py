"""`bigmodel tune`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from bigmodel_cli.cli.options import (
    config_argument,
    example,
    json_option,
    offline_option,
    overrides_argument,
    plain_option,
    strict_option,
)


@click.command(
    epilog=example(
        "bigmodel tune configs/digits_tune.yaml", "bigmodel tune configs/digits_tune.yaml tune.trials=60"
    )
)
@config_argument
@overrides_argument
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many trials are trained at a time; cores and GPUs are shared out.",
)
@click.option(
    "--tunes-dir",
    type=click.Path(path_type=Path),
    default=Path("tunes"),
    show_default=True,
    help="Where searches are kept.",
)
@offline_option
@strict_option
@plain_option
@json_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    workers: int,
    tunes_dir: Path,
    offline: bool,
    strict: bool,
    plain: bool,
    as_json: bool,
) -> None:
    """Search the space that the config's `tune` section spans, and keep the best config.

    A trial is a run like any other. The same command goes on with a search that was interrupted.
    """
    from bigmodel_cli.errors import Interrupted
    from bigmodel_cli.modeling.language import read_searched
    from bigmodel_cli.training.record import command_line
    from bigmodel_cli.tuning.folder import SearchFolder
    from bigmodel_cli.tuning.journal import Trial
    from bigmodel_cli.tuning.samplers import said_of
    from bigmodel_cli.tuning.search import Search
    from bigmodel_cli.workers.job import Told

    class Lines:
        def began(self, trial: Trial) -> None:
            click.echo(f"trial {trial.number}: {' '.join(trial.words)}", err=True)

        def told(self, trial: Trial, told: Told) -> None:
            pass

        def ended(self, trial: Trial) -> None:
            click.echo(f"trial {trial.number}: {trial.status} {trial.score} {trial.reason or ''}", err=True)

    searched = read_searched(config, overrides, strict=strict)
    if note := said_of(searched.tune.search):
        click.echo(note, err=True)
    folder = SearchFolder(tunes_dir / searched.loaded.experiment.name)
    try:
        journal = Search(searched, folder, Lines(), workers, offline).run()
    except Interrupted as error:
        hint = f"go on with: {shlex.join(command_line())}"
        raise Interrupted(error.signal_number, f"interrupted; {folder.path} is kept", hint=hint) from error
    click.echo(str(journal.ranked[0]))
