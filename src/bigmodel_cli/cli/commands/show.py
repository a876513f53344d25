"""`bigmodel show`."""

from __future__ import annotations

import shlex
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
    strict_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bigmodel_cli.config.load import LoadedConfig
    from bigmodel_cli.config.provenance import Explanation
    from bigmodel_cli.training.preview import LayerRow, Preview


@click.command(
    epilog=example(
        "bigmodel show configs/digits.yaml",
        "bigmodel show configs/digits.yaml training.epochs=3 --why training.epochs",
        "bigmodel show configs/mnist_mlp.yaml --diff configs/mnist_mlp_mse.yaml",
        "bigmodel show configs/vgg16.yaml data.source='{synthetic: {shape: [224, 224, 3]}}' --model",
    )
)
@config_argument
@overrides_argument
@click.option("--why", metavar="KEY", help="Where a value came from: defaults, files, command line.")
@click.option(
    "--diff", "other", type=click.Path(path_type=Path), help="Compare with another config, key by key."
)
@click.option(
    "--model",
    "only_model",
    is_flag=True,
    help="Only the layers, those of applications too, with the line of each.",
)
@click.option("--plan", "only_plan", is_flag=True, help="Only sizes, steps, memory and device.")
@offline_option
@strict_option
@plain_option
@json_option
def command(
    config: Path,
    overrides: tuple[str, ...],
    why: str | None,
    other: Path | None,
    strict: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Show what CONFIG means and what training would do, without training.

    The config with every default, the model's layers with shapes and parameters, the sizes of the
    splits, the steps, the memory, what a checkpoint takes on the disk, and what `tune` searches. --why
    and --diff need neither the data nor TensorFlow.
    """
    from bigmodel_cli.cli.output import show_warnings
    from bigmodel_cli.modeling.language import read_config, read_with_search

    loaded = read_with_search(config, overrides, strict=strict)
    show_warnings(loaded.warnings)
    if why is not None:
        _show_why(loaded, why, as_json)
    elif other is not None:
        _show_differences(loaded, read_config(other), as_json)
    else:
        _show_preview(loaded, as_json, **how)


def _show_why(loaded: LoadedConfig, key: str, as_json: bool) -> None:
    from bigmodel_cli.cli.output import echo_json
    from bigmodel_cli.config.provenance import explain

    found = explain(loaded, key, loaded.language.catalogue)
    if as_json:
        echo_json(found.as_json())
    else:
        _print_why(found)


def _print_why(found: Explanation) -> None:
    from bigmodel_cli.cli.output import one_line, table, yaml_line

    click.echo(f"{one_line(found.key)} = {yaml_line(found.value)}")
    if found.doc:
        click.echo(f"  {found.doc}")
    rows = []
    for number, origin in enumerate(found.origins):
        where = str(origin.place) if origin.place else "default"
        value = "removed" if origin.is_removed else yaml_line(origin.value)
        rows.append(["" if number == 0 else "over", value, where])
    table(["", "value", "from"], rows)


def _show_differences(one: LoadedConfig, other: LoadedConfig, as_json: bool) -> None:
    from bigmodel_cli.cli.output import echo_json, table, yaml_line
    from bigmodel_cli.config.differences import differences
    from bigmodel_cli.config.dump import plain

    found = differences(plain(one.experiment), plain(other.experiment))
    if as_json:
        names = ("key", "value", "other")
        echo_json([dict(zip(names, difference, strict=True)) for difference in found])
        return
    rows = [[key, yaml_line(value), yaml_line(another)] for key, value, another in found]
    if rows:
        table(["key", str(one.path), str(other.path)], rows)
    else:
        click.echo("the configs mean the same")


def _show_preview(
    loaded: LoadedConfig, as_json: bool, *, offline: bool, plain: bool, only_model: bool, only_plan: bool
) -> None:
    from bigmodel_cli.cli.output import echo_json, next_command, printable
    from bigmodel_cli.cli.progress import listening
    from bigmodel_cli.cli.spaces import asked_of, show_space, space_as_json
    from bigmodel_cli.config.dump import to_yaml

    with listening(plain=plain) as listener:
        from bigmodel_cli.training.preview import preview

        shown = preview(loaded, listener, offline=offline)
    asked = asked_of(loaded)
    if as_json:
        document = shown.as_json()
        echo_json(document if asked is None else {**document, "tune": space_as_json(asked)})
        return
    if not (only_model or only_plan):
        click.echo(printable(to_yaml(shown.experiment)))
    if not only_plan:
        _print_model(shown, is_open=only_model)
    if not only_model:
        _print_plan(shown)
    words = shlex.join([str(loaded.path), *loaded.overrides])
    commands = [f"bigmodel train {words}"]
    if asked is not None:
        if not (only_model or only_plan):
            show_space(asked)
        commands.append(f"bigmodel tune {words}")
    next_command(*commands)


def _print_model(shown: Preview, *, is_open: bool) -> None:
    from bigmodel_cli.cli.output import table

    rows = list(_layer_rows(shown.layers, is_open=is_open))
    titles = ["layer", "kind", "output shape", "parameters", "learns", "written in"]
    table(titles, rows, numeric=["parameters"])


def _layer_rows(layers: Iterable[LayerRow], indent: str = "", *, is_open: bool) -> Iterator[list[str]]:
    """A row for each layer, and where applications are opened for each of theirs."""
    for layer in layers:
        cells = [layer.kind, layer.shape, f"{layer.parameters:,}", layer.learns, layer.place]
        yield [indent + layer.name, *cells]
        if is_open:
            yield from _layer_rows(layer.inside, f"{indent}  ", is_open=True)


def _of_about(shown: Preview) -> str:
    if shown.experiment.data.batch_size != "auto":
        return ""
    return f", if the batch size turns out to be {shown.batch_size}; training measures it first"


def _print_plan(shown: Preview) -> None:
    from bigmodel_cli.byte_sizes import byte_size
    from bigmodel_cli.config.auto_rate import rates_to_find

    frozen = f", {shown.frozen_parameters:,} of them frozen" if shown.frozen_parameters else ""
    kept = f"{shown.num_checkpoints} kept, {byte_size(shown.num_checkpoints * shown.checkpoint_bytes)} in all"
    lines = {
        "parameters": f"{shown.parameters:,}{frozen}",
        "splits": ", ".join(f"{count:,} {name}" for name, count in shown.splits.items()),
        "steps": f"{shown.steps_per_epoch:,} per epoch, {shown.steps:,} in all{_of_about(shown)}",
        "memory": f"about {byte_size(shown.memory_bytes)} for a training step, "
        f"{byte_size(shown.weight_bytes)} of it for weights, gradients and optimizer",
        "checkpoints": f"{byte_size(shown.checkpoint_bytes)} each; {kept}",
        "device": f"{shown.device}, {shown.precision}",
    }
    if rates_to_find(shown.experiment.optimizer):
        lines["learning rate"] = "found first, by a range test of about 3 % of the steps, at least a dozen"
    width = max(12, *map(len, lines))
    for name, text in lines.items():
        click.echo(f"{name:<{width}} {text}")
