"""What predictions of a run take, here and now, by each engine and export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.exporting.custom_objects import CUSTOM_OBJECTS
from bigmodel_cli.exporting.deployed import given
from bigmodel_cli.exporting.format import Compute, Named
from bigmodel_cli.exporting.manifest import FRONT
from bigmodel_cli.exporting.measuring import size_of
from bigmodel_cli.exporting.runtime import ExportedFile, Runnable, Runtime
from bigmodel_cli.inference.engines import EngineName, KerasEngine, litert_engine
from bigmodel_cli.inference.export import features_of
from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.inference.front import read_front
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.inference.run_data import choose_split, load_splits
from bigmodel_cli.listener import Listener
from bigmodel_cli.reporting.report.reported import read_exports
from bigmodel_cli.run_folder import BEST, RunFolder


@dataclass(frozen=True)
class RunEngine:
    """An engine of `predict`.

    Attributes:
        run: The folder of the run.
        name: As `--engine` has it.
        trust: Whether its model is loaded even if it can run code.
    """

    run: Path
    name: EngineName
    trust: bool = False

    @property
    def runtime(self) -> str:
        return {"litert": "ai_edge_litert", "keras": "keras"}[self.name]

    @property
    def threads_are_fixed(self) -> bool:
        return self.name == "keras"

    def open(self, threads: int) -> Compute:
        run = RunFolder(self.run)
        engine = KerasEngine(run, trust=self.trust) if self.name == "keras" else litert_engine(run, threads)
        return engine.predict


@dataclass(frozen=True)
class Took:
    """What one engine or export takes.

    Attributes:
        name: Of the engine, or `exports/litert-int8`.
        reason: Why it could not be measured; None where it was.
        start_seconds: From the start of a process until it can predict.
        seconds: Of one example, with all threads.
        seconds_one_thread: The same with one.
        batch_seconds: Of each example of a batch.
        batch_size: How many that has.
        peak_bytes: Of the process, its runtime included.
        bytes: Of the file.
    """

    name: str
    reason: str | None = None
    start_seconds: float = 0.0
    seconds: float = 0.0
    seconds_one_thread: float = 0.0
    batch_seconds: float = 0.0
    batch_size: int = 0
    peak_bytes: int = 0
    bytes: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def bench(
    opened: OpenRun, batch_size: int, listener: Listener, *, offline: bool = False, trust: bool = False
) -> Iterator[Took]:
    """Measure the engines of a run and all that was exported of it, one after the other.

    Args:
        opened: The run.
        batch_size: How many examples a batch has.
        listener: Is told of downloads and warnings.
        offline: No download may be made.
        trust: Whether Python of the run may run that need not be what its user has written.

    Raises:
        DataError: If the data cannot be had, from which examples are taken.
    """
    folder, signature = opened.folder, opened.signature
    splits = load_splits(read_experiment(folder), listener, offline=offline, for_evaluation=True)
    examples = splits.parts[choose_split(None, splits)]
    chosen = np.resize(np.arange(len(examples)), batch_size)
    one, many = (features_of(examples, signature, some) for some in (chosen[:1], chosen))
    for name in ("litert", "keras"):
        place = folder.litert_model if name == "litert" else folder.checkpoint(BEST)
        if folder.expects(place):
            yield _took(f"--engine {name}", RunEngine(folder.path, name, trust), one, many, place)
    for export in read_exports(folder):
        place = folder.exports / export["name"]
        if (place / CUSTOM_OBJECTS).exists() and not trust:
            yield Took(f"exports/{export['name']}", "Python lies beside it, which is run with --trust alone")
            continue
        single, batch = (_given(export, place, features) for features in (one, many))
        runnable = ExportedFile(export["format"], place)
        yield _took(f"exports/{export['name']}", runnable, single, batch, place / export["file"])


def _given(export: Mapping[str, Any], place: Path, features: Any) -> Named:
    """Features as an exported file takes them; where it takes so many at once, the first one as often."""
    front = read_front(place / FRONT) if (place / FRONT).exists() else None
    found = given([port["name"] for port in export["inputs"]], front, features)
    fixed = export["inputs"][0]["shape"][0]
    if fixed is None:
        return found
    return {name: np.repeat(values[:1], fixed, axis=0) for name, values in found.items()}


def _took(name: str, one: Runnable, single: Any, many: Any, place: Path) -> Took:
    try:
        with Runtime(one) as runtime:
            batch, alone = runtime.cost(many), runtime.cost(single)
    except ExportError as error:
        return Took(name, error.message)
    counts = [_count(features) for features in (single, many)]
    return Took(
        name,
        None,
        runtime.start_seconds,
        alone.seconds / counts[0],
        alone.seconds_one_thread / counts[0],
        batch.seconds / counts[1],
        counts[1],
        alone.peak_bytes,
        size_of(place),
    )


def _count(features: Any) -> int:
    return len(next(iter(features.values()))) if isinstance(features, dict) else len(features)
