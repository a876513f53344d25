"""`bigmodel doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from bigmodel_cli.cli.options import example, json_option


@click.command(epilog=example("bigmodel doctor", "bigmodel doctor --json", "bigmodel doctor --clear-cache"))
@click.option(
    "--clear-cache", is_flag=True, help="Remove the decoded images that data.cache has kept on disk."
)
@click.option("--no-speed", is_flag=True, help="Do not measure how fast the devices are.")
@json_option
def command(clear_cache: bool, no_speed: bool, as_json: bool) -> None:
    """Show versions, devices with their speed, caches and ports, and what is wrong with them."""
    from bigmodel_cli.cli.output import echo_json, one_line

    if clear_cache:
        from bigmodel_cli.sources.decoded_folder import clear_decoded, decoded_folder

        removed = {"path": str(decoded_folder()), "removed_bytes": clear_decoded()}
        if as_json:
            echo_json(removed)
        else:
            click.echo(one_line(f"removed {removed['removed_bytes']:,} bytes from {removed['path']}"))
        return
    from bigmodel_cli.doctor.examine import examine

    found = examine(measure=not no_speed)
    if as_json:
        echo_json(found)
        return
    for line in _lines(found):
        click.echo(one_line(line))


def _lines(found: dict[str, Any]) -> list[str]:
    data, decoded = found["data_cache"], found["decoded_cache"]
    lines = [
        *(f"{name:<18}{version}" for name, version in found["versions"].items()),
        *_extra_lines(found["extras"]),
        f"{'platform':<18}{found['platform']}",
        *_device_lines(found),
        f"{'data cache':<18}{data['path']} ({data['bytes']:,} bytes)",
        f"{'decoded images':<18}{decoded['path']} ({decoded['bytes']:,} bytes)",
        *(f"{'':<18}{file['bytes']:,} bytes of {file['source']}" for file in decoded["files"]),
    ]
    if decoded["files"]:
        lines.append(f"{'':<18}bigmodel doctor --clear-cache removes them")
    lines.append(f"{'free disk':<18}{found['free_disk_bytes']:,} bytes")
    port = found["network"]
    lines.append(f"{'port':<18}{port['port']} is {'free' if port['free'] else 'taken'}")
    for problem in found["problems"]:
        lines += [f"problem: {problem['message']}", f"   hint: {problem['hint']}"]
    return lines if found["problems"] else [*lines, "all is well"]


def _extra_lines(extras: dict[str, str | None]) -> Iterator[str]:
    there = ", ".join(f"{extra} {version}" for extra, version in extras.items() if version)
    lacking = [extra for extra, version in extras.items() if not version]
    yield f"{'extras':<18}{there or 'none'}"
    if lacking:
        yield f"{'':<18}not installed: {', '.join(lacking)} (pip install 'bigmodel-cli[{lacking[0]}]')"


def _device_lines(found: dict[str, Any]) -> Iterator[str]:
    processor, cuda = found["processor"], found["cuda"]
    features = f" ({', '.join(processor['features'])})" if processor["features"] else ""
    yield f"{'processor':<18}{processor['model']}, {processor['cores']} cores{features}"
    for kind, versions in (("built for", cuda["built_for"]), ("found", cuda["found"])):
        known = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
        if known:
            yield f"{'CUDA ' + kind:<18}{known}"
    for device in found["devices"]:
        if device["name"] != "cpu":
            capability = ".".join(map(str, device["compute_capability"] or ()))
            yield f"{device['name']:<18}{device['model']}, compute capability {capability}"
    for speed in found["speed"]:
        if "error" not in speed:
            products = ", ".join(
                f"{rate:,.0f} GFLOP/s {dtype}" for dtype, rate in speed["matrix_product"].items()
            )
            yield f"{speed['device'] + ' speed':<18}{products}; {speed['training']:,.0f} images/s"
