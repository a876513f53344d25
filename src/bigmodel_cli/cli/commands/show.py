"""`bigmodel show`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from bigmodel_cli.training.preview import Preview


@click.command(
    epilog=example(
        "bigmodel show configs/mnist.yaml",
        "bigmodel show configs/vgg16.yaml data.source='{synthetic: {shape: [224, 224, 3], num_classes: 9}}'",
    )
)
@config_argument
@overrides_argument
@offline_option
@strict_option
@plain_option
@json_option
def command(
    config: Path, overrides: tuple[str, ...], offline: bool, strict: bool, plain: bool, as_json: bool
) -> None:
    """Show what CONFIG means and what training would do, without training.

    The config with every default, the model's layers with shapes and parameters, the sizes of the
    splits, the steps, and what a checkpoint takes on the disk.
    """
    from bigmodel_cli.cli.output import echo_json, next_command, show_warnings
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.modeling.language import read_config

    loaded = read_config(config, overrides, strict=strict)
    show_warnings(loaded.warnings)
    with listening(plain=plain) as listener:
        from bigmodel_cli.training.preview import preview

        shown = preview(loaded.experiment, listener, offline=offline)
    if as_json:
        echo_json(shown.as_json())
        return
    _show(shown)
    next_command(f"bigmodel train {shlex.join([str(config), *overrides])}")


def _show(shown: Preview) -> None:
    from bigmodel_cli.cli.output import size, table
    from bigmodel_cli.config.dump import to_yaml

    click.echo(to_yaml(shown.experiment))
    rows = [[layer.name, layer.kind, layer.shape, f"{layer.parameters:,}"] for layer in shown.layers]
    table(["layer", "kind", "output shape", "parameters"], rows, numeric=["parameters"])
    frozen = f", {shown.frozen_parameters:,} of them frozen" if shown.frozen_parameters else ""
    click.echo(f"parameters       {shown.parameters:,}{frozen}")
    click.echo(f"splits           {', '.join(f'{n:,} {name}' for name, n in shown.splits.items())}")
    click.echo(f"steps            {shown.steps_per_epoch:,} per epoch, {shown.steps:,} in all")
    click.echo(
        f"memory           {size(shown.weight_bytes)} for weights, gradients, optimizer; activations on top"
    )
    click.echo(f"checkpoint       {size(shown.checkpoint_bytes)} each, {shown.num_checkpoints} kept")
    click.echo(f"device           {shown.device}, {shown.precision}")
