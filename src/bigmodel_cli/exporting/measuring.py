"""What an exported file says of examples, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bigmodel_cli.exporting.deployed import Deployed, padded
from bigmodel_cli.exporting.format import Format, Named
from bigmodel_cli.exporting.runtime import ExportedFile, Runtime
from bigmodel_cli.inference.export import features_of
from bigmodel_cli.inference.inputs import batch_size_for
from bigmodel_cli.signature import Signature, slugs
from bigmodel_cli.sources.base import Examples


@dataclass(frozen=True)
class Costs:
    """What a file takes.

    Attributes:
        bytes: Of the file, or of all in the folder.
        seconds: Of one example with all threads, the median of many calls.
        seconds_one_thread: The same with one thread.
        peak_bytes: Of the process that has predicted all examples, its runtime included.
    """

    bytes: int
    seconds: float
    seconds_one_thread: float
    peak_bytes: int

    def as_json(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Measured:
    """An exported file, run.

    Attributes:
        outputs: Of all examples, by target.
        costs: What that takes.
    """

    outputs: dict[str, np.ndarray]
    costs: Costs


def measured(
    one: Format, deployed: Deployed, folder: Path, examples: Examples, signature: Signature
) -> Measured:
    """Run a file over examples, in its own runtime.

    Args:
        one: Its format.
        deployed: What it was written from.
        folder: Where it is.
        examples: On what.
        signature: What one example is.

    Raises:
        ExportError: If its runtime cannot run it.
    """
    first = _first(deployed, examples, signature)
    with Runtime(ExportedFile(one.name, folder)) as runtime:
        parts = [runtime.predict(given) for given in fed(deployed, examples, signature)]
        cost = runtime.cost(first)
    outputs = {
        target: np.concatenate([part[name] for part in parts])[: len(examples)].astype(np.float32)
        for target, name in slugs(signature.targets).items()
    }
    per_call = deployed.batch_size or 1
    return Measured(
        outputs,
        Costs(
            size_of(folder / one.file),
            cost.seconds / per_call,
            cost.seconds_one_thread / per_call,
            cost.peak_bytes,
        ),
    )


def fed(deployed: Deployed, examples: Examples, signature: Signature) -> Iterator[Named]:
    """Examples in batches, as the model takes them; the last one is filled up where all have one size."""
    size = deployed.batch_size or batch_size_for(signature)
    for start in range(0, len(examples), size):
        chosen = np.arange(start, min(start + size, len(examples)))
        given = deployed.given(features_of(examples, signature, chosen))
        yield given if deployed.batch_size is None else padded(given, size)


def _first(deployed: Deployed, examples: Examples, signature: Signature) -> Named:
    given = deployed.given(features_of(examples, signature, np.arange(1)))
    return given if deployed.batch_size is None else padded(given, deployed.batch_size)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files)
