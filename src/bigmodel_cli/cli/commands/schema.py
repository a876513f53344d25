"""`bigmodel schema`."""

from __future__ import annotations

from pathlib import Path

import click

from bigmodel_cli.cli.options import code_option, example


@click.command(epilog=example("bigmodel schema > bigmodel.schema.json"))
@code_option
@click.option("--json", "as_json", is_flag=True, help="The schema is JSON anyway; accepted as everywhere.")
def command(code: tuple[Path, ...], as_json: bool) -> None:
    """Print the JSON Schema of configs, with which editors complete and explain them.

    In VS Code with the YAML extension, begin a config with:
    # yaml-language-server: $schema=bigmodel.schema.json
    """
    from bigmodel_cli.cli.output import echo_json
    from bigmodel_cli.config.json_schema import json_schema
    from bigmodel_cli.modeling.language import language_with

    echo_json(json_schema(language_with(code)))
