"""`bigmodel train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bigmodel_cli.cli.options import (
    config_argument,
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
    from bigmodel_cli.training.conclusion import TrainingResult


@click.command(
    epilog=example(
        "bigmodel train configs/digits.yaml",
        "bigmodel train configs/digits.yaml training.epochs=5 optimizer.Adam.learning_rate=1e-3",
        "bigmodel train configs/digits.yaml ~augmentation --json",
    )
)
@config_argument
@overrides_argument
@runs_dir_option
@offline_option
@strict_option
@plain_option
@json_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    runs_dir: Path,
    offline: bool,
    strict: bool,
    plain: bool,
    as_json: bool,
) -> None:
    """Train the model of CONFIG and keep everything about it in a new run folder.

    KEY=VALUE changes the config (the value is YAML); ~KEY removes a key.
    """
    from bigmodel_cli.cli.output import echo_json, show_warnings
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.gates import require_gates
    from bigmodel_cli.modeling.language import read_config

    loaded = read_config(config, overrides, strict=strict)
    show_warnings(loaded.warnings)
    with listening(plain=plain) as listener:
        from bigmodel_cli.training.train import train

        result = train(loaded, runs_dir=runs_dir, listener=listener, offline=offline)
    if as_json:
        echo_json(_as_json(result))
    else:
        _show(result, runs_dir)
    require_gates(result.gates)


def _as_json(result: TrainingResult) -> dict[str, Any]:
    return {
        "run": str(result.run.path),
        "epochs": result.epochs,
        "seconds": round(result.seconds, 3),
        "parameters": result.parameters,
        "best": result.best,
        result.evaluation.split: result.evaluation.metrics,
        "gates": [gate.as_json() for gate in result.gates],
    }


def _show(result: TrainingResult, runs_dir: Path) -> None:
    from bigmodel_cli.cli.output import duration, metrics_line, next_command

    best = result.best
    by = f", {best['monitor']} {best['value']:.4f}" if best.get("monitor") else ""
    click.echo(f"run       {result.run.title}")
    click.echo(f"epochs    {result.epochs} in {duration(result.seconds)}, best: {best.get('epoch')}{by}")
    click.echo(f"{result.evaluation.split:<9} {metrics_line(result.evaluation.metrics)}")
    for gate in result.gates:
        click.echo(f"gate      {gate}: {'met' if gate.met else 'MISSED'}")
    option = runs_dir_words(runs_dir)
    what = "IMAGE.png" if result.takes_images else "ARRAY.npy"
    next_command(f"bigmodel evaluate{option}", f"bigmodel predict {what}{option}")
