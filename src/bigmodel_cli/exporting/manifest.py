"""What lies beside an exported file: what goes in, what comes out, and how that is read."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.exporting.deployed import Deployed
from bigmodel_cli.exporting.example import example_of, telling_of
from bigmodel_cli.exporting.wanted import Wanted
from bigmodel_cli.inference import lookups
from bigmodel_cli.inference.opened import OpenRun, readings_of_run
from bigmodel_cli.modeling.port import Port
from bigmodel_cli.run_folder import RUN_ID
from bigmodel_cli.signature import signature_as_json, slugs
from bigmodel_cli.whole_files import sha256_of, write_json

SCHEMA_VERSION = 1
MODEL, LABELS, FRONT, EXAMPLE = "model.json", "labels.json", "front.json", "example.py"


def write_manifest(
    folder: Path, wanted: Wanted, deployed: Deployed, opened: OpenRun, more: Mapping[str, Any]
) -> None:
    """Write labels.json, front.json where words are looked up, tokenizers, example.py, and model.json last.

    Args:
        folder: Where the exported file is.
        wanted: What it is.
        deployed: What it was written from.
        opened: The run.
        more: What else model.json says: how it was measured.
    """
    targets = slugs(opened.signature.targets)
    names = opened.signature.label_names_by_target
    write_json(folder / LABELS, {targets[target]: labels for target, labels in names.items()})
    if deployed.front is not None:
        (folder / FRONT).write_text(deployed.front.content(), "utf-8")
        _copy_lookups(folder / "lookups")
    for name, content in opened.signature.files.items():
        (folder / name).write_text(content, "utf-8")
    telling = telling_of(opened.signature)
    for name, content in ({} if telling is None else telling.files).items():
        (folder / name).write_text(content, "utf-8")
    (folder / EXAMPLE).write_text(example_of(wanted.format, deployed, opened.signature), "utf-8")
    write_json(folder / MODEL, {**_described(wanted, deployed, opened), **more, "files": _files(folder)})


def _described(wanted: Wanted, deployed: Deployed, opened: OpenRun) -> dict[str, Any]:
    readings, signature = readings_of_run(opened), opened.signature
    decision = opened.folder.decision
    return {
        "schema_version": SCHEMA_VERSION,
        "name": wanted.name,
        "format": wanted.format.name,
        "quantize": wanted.quantize,
        "run": {"id": opened.record.get(RUN_ID), "name": opened.folder.title},
        "file": wanted.format.file,
        "inputs": [_port(port, deployed.batch_size) for port in deployed.inputs],
        "outputs": [
            {**_port(port, deployed.batch_size), "target": target, **_read(readings[target])}
            for port, target in zip(deployed.outputs, signature.targets, strict=True)
        ],
        "decision": opened.folder.read_json(decision) if opened.folder.expects(decision) else None,
        "columns": [
            {"column": column, "name": name, "shape": list(kind.shape), "dtype": kind.dtype}
            for (column, kind), name in zip(signature.inputs.items(), signature.slugs.values(), strict=True)
        ],
        "example": signature_as_json(signature),
        "versions": {package: version(package) for package in ("bigmodel-cli", "keras", "tensorflow")},
    }


def _port(port: Port, batch_size: int | None) -> dict[str, Any]:
    return {"name": port.name, "shape": [batch_size, *port.shape], "dtype": port.dtype}


def _read(reading: Reading) -> dict[str, Any]:
    """How an output becomes scores."""
    return {"activation": reading.activation, "are_probabilities": reading.are_probabilities}


def _files(folder: Path) -> dict[str, Any]:
    """Size and sha256 of all that lies there."""
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _copy_lookups(folder: Path) -> None:
    """The modules that compute front.json, which import nothing of ours."""
    folder.mkdir()
    for source in files(lookups).iterdir():
        if source.name.endswith(".py"):
            (folder / source.name).write_text(source.read_text("utf-8"), "utf-8")
