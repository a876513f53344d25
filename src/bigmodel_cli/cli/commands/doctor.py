"""`bigmodel doctor`."""

from __future__ import annotations

import click

from bigmodel_cli.cli.options import example, json_option


@click.command(epilog=example("bigmodel doctor", "bigmodel doctor --json"))
@json_option
def command(as_json: bool) -> None:
    """Show versions, devices and caches, and what is wrong with them."""
    from bigmodel_cli.cli.output import echo_json, printable
    from bigmodel_cli.training.doctor import examine

    found = examine()
    if as_json:
        echo_json(found)
        return
    for name, version in found["versions"].items():
        click.echo(f"{name:<18}{version}")
    click.echo(f"{'platform':<18}{found['platform']}")
    for device in found["devices"]:
        click.echo(f"{device['name']:<18}{device['model']}")
    cache = found["data_cache"]
    click.echo(printable(f"{'data cache':<18}{cache['path']} ({cache['bytes']:,} bytes)"))
    click.echo(f"{'free disk':<18}{found['free_disk_bytes']:,} bytes")
    for problem in found["problems"]:
        click.echo(printable(f"problem: {problem['message']}\n   hint: {problem['hint']}"))
    if not found["problems"]:
        click.echo("all is well")
