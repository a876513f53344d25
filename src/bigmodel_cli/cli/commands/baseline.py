"""`bigmodel baseline`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import (
    example,
    json_option,
    offline_option,
    overrides_argument,
    plain_option,
    runs_dir_option,
    runs_dir_words,
    strict_option,
)

if TYPE_CHECKING:
    from bigmodel_cli.listener import Listener

_CONFIGS = (".yaml", ".yml")


@click.command(
    epilog=example(
        "bigmodel baseline configs/digits.yaml",
        "bigmodel baseline adult.yaml data.validation=0.2 --json",
        "bigmodel baseline digits",
    )
)
@click.argument("config", metavar="CONFIG|RUN", shell_complete=complete.configs_and_runs)
@overrides_argument
@runs_dir_option
@offline_option
@strict_option
@plain_option
@json_option
def command(
    config: str,
    overrides: tuple[str, ...],
    runs_dir: Path,
    offline: bool,
    strict: bool,
    plain: bool,
    as_json: bool,
) -> None:
    """Fit simple models to the data of CONFIG: what a network has to beat.

    The most frequent class or the mean, logistic regression or ridge regression, and gradient-boosted trees
    learn from the training split, and are scored on validation and test split as a model is. Of RUN (a
    run's folder, or a name for its newest completed run) config and data are taken; what is found is kept in
    its folder, and its report shows it beside the model's scores.
    """
    from bigmodel_cli.cli.baselines import show_baselines
    from bigmodel_cli.cli.output import echo_json, next_command
    from bigmodel_cli.cli.progress import listening

    is_config = Path(config).suffix in _CONFIGS
    if not is_config and (overrides or strict):
        raise click.UsageError(
            "KEY=VALUE and --strict are for a CONFIG; a run has its config with it",
            click.get_current_context(),
        )
    with listening(plain=plain) as listener:
        if is_config:
            document = _of_config(Path(config), overrides, runs_dir, listener, offline=offline, strict=strict)
            beside: dict[str, Any] = {}
        else:
            document, beside = _of_run(config, runs_dir, listener, offline=offline)
    if as_json:
        echo_json(document)
        return
    show_baselines(document, beside)
    where = runs_dir_words(runs_dir)
    if is_config:
        next_command(f"bigmodel train {shlex.join([config, *overrides])} --baseline{where}")
    else:
        next_command(f"bigmodel report {shlex.quote(config)} --open{where}")


def _of_config(
    path: Path,
    overrides: tuple[str, ...],
    runs_dir: Path,
    listener: Listener,
    *,
    offline: bool,
    strict: bool,
) -> dict[str, Any]:
    from bigmodel_cli.baselines.measure import measure_baselines
    from bigmodel_cli.cli.output import show_warnings
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.modeling.language import read_config

    loaded = read_config(path, overrides, strict=strict, runs_dir=runs_dir)
    show_warnings(loaded.warnings)
    splits = load_splits(loaded.experiment, listener, offline=offline)
    return {"config": str(path), **measure_baselines(loaded.experiment, splits, listener)}


def _of_run(
    word: str, runs_dir: Path, listener: Listener, *, offline: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What simple models reach on a run's splits, and what its own model does."""
    from bigmodel_cli.baselines.run import keep_baselines
    from bigmodel_cli.inference.opened import open_run

    opened = open_run(word, runs_dir)
    folder = opened.folder
    found = keep_baselines(opened, listener, offline=offline)
    places = {split: folder.evaluation(split) for split in found["splits"]}
    beside = {split: folder.read_json(path) for split, path in places.items() if path.is_file()}
    return {"run": str(folder.path), **found}, beside
