"""`bigmodel doctor`."""

from __future__ import annotations

from typing import Any

import click

from bigmodel_cli.cli.options import example, json_option


@click.command(epilog=example("bigmodel doctor", "bigmodel doctor --json", "bigmodel doctor --clear-cache"))
@click.option(
    "--clear-cache", is_flag=True, help="Remove the decoded images that data.cache has kept on disk."
)
@json_option
def command(clear_cache: bool, as_json: bool) -> None:
    """Show versions, devices and caches, and what is wrong with them."""
    from bigmodel_cli.cli.output import echo_json, one_line

    if clear_cache:
        from bigmodel_cli.pipeline.decoded_folder import clear_decoded, decoded_folder

        removed = {"path": str(decoded_folder()), "removed_bytes": clear_decoded()}
        if as_json:
            echo_json(removed)
        else:
            click.echo(one_line(f"removed {removed['removed_bytes']:,} bytes from {removed['path']}"))
        return
    from bigmodel_cli.training.doctor import examine

    found = examine()
    if as_json:
        echo_json(found)
        return
    for line in _lines(found):
        click.echo(one_line(line))


def _lines(found: dict[str, Any]) -> list[str]:
    data, decoded = found["data_cache"], found["decoded_cache"]
    lines = [
        *(f"{name:<18}{version}" for name, version in found["versions"].items()),
        f"{'platform':<18}{found['platform']}",
        *(f"{device['name']:<18}{device['model']}" for device in found["devices"]),
        f"{'data cache':<18}{data['path']} ({data['bytes']:,} bytes)",
        f"{'decoded images':<18}{decoded['path']} ({decoded['bytes']:,} bytes)",
        *(f"{'':<18}{file['bytes']:,} bytes of {file['source']}" for file in decoded["files"]),
    ]
    if decoded["files"]:
        lines.append(f"{'':<18}bigmodel doctor --clear-cache removes them")
    lines.append(f"{'free disk':<18}{found['free_disk_bytes']:,} bytes")
    for problem in found["problems"]:
        lines += [f"problem: {problem['message']}", f"   hint: {problem['hint']}"]
    return lines if found["problems"] else [*lines, "all is well"]
