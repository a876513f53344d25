"""`bigmodel list`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bigmodel_cli.cli import complete
from bigmodel_cli.cli.options import code_option, example, json_option


@click.command(
    epilog=example(
        "bigmodel list",
        "bigmodel list layers",
        "bigmodel list layers Conv2D",
        "bigmodel list sources",
        "bigmodel list layers --code my_layers.py",
        "bigmodel list configs",
    )
)
@click.argument("family", required=False, shell_complete=complete.families)
@click.argument("name", required=False, shell_complete=complete.names)
@code_option
@json_option
def command(family: str | None, name: str | None, code: tuple[Path, ...], as_json: bool) -> None:
    """List what a config may use: Keras's layers, optimizers and so on, and our sources and blocks.

    FAMILY is layers, optimizers, schedules, losses, metrics, initializers, regularizers, constraints,
    callbacks, applications, activations, sources, blocks or configs (whole ones that come with bigmodel,
    with what was measured). NAME shows one of them with its arguments.
    """
    from bigmodel_cli.cli.output import echo_json
    from bigmodel_cli.modeling.language import language_with
    from bigmodel_cli.reference import describe_component, families, find_family, names_in

    document: Any
    show: Callable[[Any], None]
    if family is None:
        document = families(language_with(code))
        show = _show_families
    elif name is None:
        document = names_in(find_family(family), language_with(code))
        show = _show_configs if find_family(family) == "configs" else _show_names
    else:
        document = describe_component(find_family(family), name, language_with(code))
        show = _show_config if find_family(family) == "configs" else _show_component
    if as_json:
        echo_json(document)
    else:
        show(document)


def _show_families(document: list[dict[str, Any]]) -> None:
    from bigmodel_cli.cli.output import next_command, table

    table(
        ["family", "names", "what"],
        [[f["family"], str(f["names"]), f["doc"]] for f in document],
        numeric=["names"],
    )
    next_command("bigmodel list layers", "bigmodel list layers Conv2D")


def _show_names(document: list[dict[str, Any]]) -> None:
    from bigmodel_cli.cli.output import table

    table(["name", "what"], [[entry["name"], entry["doc"]] for entry in document])


def _show_configs(document: list[dict[str, Any]]) -> None:
    from bigmodel_cli.cli.output import next_command, table

    table(["config", "what", "measured"], [[c["name"], c["doc"], c["result"]] for c in document])
    next_command("bigmodel list configs mnist", "bigmodel init --config mnist -o mnist.yaml")


def _show_config(document: dict[str, Any]) -> None:
    from bigmodel_cli.cli.output import next_command

    click.echo(document["text"], nl=False)
    next_command("bigmodel init --config {name} -o {name}.yaml".format(**document))


def _show_component(document: dict[str, Any]) -> None:
    from bigmodel_cli.cli.output import table

    click.echo(f"{document['name']} ({document['family']})")
    click.echo(f"  {document['doc']}")
    if document["arguments"]:
        rows = [[a["name"], a["takes"], a["default"], a["doc"]] for a in document["arguments"]]
        table(["argument", "takes", "default", "what"], rows)
    if document["example"]:
        click.echo(f"example:\n  {document['example']}")
