"""Which engines a server computes with: LiteRT or ONNX where there is a file of it, else Keras."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.exporting.custom_objects import CUSTOM_OBJECTS
from bigmodel_cli.exporting.engine import ExportEngine
from bigmodel_cli.inference.engines import Engine, litert_engine, open_engine
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.reporting.report.reported import read_exports
from bigmodel_cli.run_folder import RunFolder

# As `--engine` names an export.
_EXPORT = "exports/"
# Formats that run without TensorFlow.
_LIGHT = ("litert", "onnx")


@dataclass(frozen=True)
class Engines:
    """Engines of one model, one for each thread that computes.

    Attributes:
        name: `litert`, `keras`, or `exports/` with the name of an export.
        engines: They.
        reason: Half a sentence to follow the name.
    """

    name: str
    engines: Sequence[Engine]
    reason: str


def open_engines(
    opened: OpenRun, wanted: str, warn: Callable[[str], None], *, trust: bool = False
) -> Engines:
    """The engines that serve a run.

    Args:
        opened: The run.
        wanted: `auto`, `litert`, `keras`, or `exports/NAME`.
        warn: Is told what is passed over.
        trust: Load a Keras model even if it can run code.

    Raises:
        UsageError: If what is wanted cannot be had.
        DataError: If the model is missing or damaged.
    """
    folder = opened.folder
    if wanted.startswith(_EXPORT):
        return _of_export(folder, wanted.removeprefix(_EXPORT), trust=trust)
    if wanted not in ("auto", "litert", "keras"):
        raise UsageError(f"--engine {wanted}: expected auto, litert, keras or {_EXPORT}NAME")
    if wanted == "auto" and not folder.expects(folder.litert_model) and (found := _light(folder)):
        return found
    chosen = open_engine(folder, wanted, warn=warn, trust=trust, threads=1)  # type: ignore[arg-type]
    if chosen.name == "keras":
        return Engines(chosen.name, [chosen.engine], chosen.reason)
    more = [litert_engine(folder, 1) for _ in range(_num_threads() - 1)]
    return Engines(chosen.name, [chosen.engine, *more], chosen.reason)


def _num_threads() -> int:
    """A thread for each core, so that requests do not wait for one another."""
    return max(1, os.cpu_count() or 1)


def _light(folder: RunFolder) -> Engines | None:
    """The first export that needs no TensorFlow and has the run's own numbers, if it can be opened."""
    for export in read_exports(folder):
        if export["format"] in _LIGHT and export["quantize"] is None:
            try:
                return _of_export(folder, export["name"], trust=False)
            except UsageError:
                continue
    return None


def _of_export(folder: RunFolder, name: str, *, trust: bool) -> Engines:
    exports = {export["name"]: export for export in read_exports(folder)}
    if name not in exports:
        there = ", ".join(exports) or "none"
        raise UsageError(
            f"{folder.title}: there is no export {name!r} (there: {there})",
            hint="bigmodel export writes one: bigmodel export --format litert,onnx",
        )
    if (folder.exports / name / CUSTOM_OBJECTS).exists() and not trust:
        raise DataError(
            f"{folder.exports / name}: Python lies beside the model, and does not run by itself",
            hint="read it; --trust runs it, which means that it may do whatever you may do",
        )
    manifest: Mapping[str, Any] = exports[name]
    count = _num_threads() if manifest["format"] in _LIGHT else 1
    try:
        place = folder.exports / name
        for file in manifest["files"]:
            folder.intact(place / file)
        engines = [ExportEngine(place, manifest, 1 if count > 1 else _num_threads()) for _ in range(count)]
    except ImportError as error:
        raise UsageError(f"{_EXPORT}{name}: its runtime cannot be loaded: {error}") from error
    return Engines(f"{_EXPORT}{name}", engines, f"in the format {manifest['format']}")
