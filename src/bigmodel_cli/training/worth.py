"""What another way to execute a run may gain, by the kind of model and processor, and by earlier runs.

A trial is worth its time where it is expected to save more seconds than it takes. What trials have shown on
this machine is kept beside other caches, and corrects the expectation.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.modeling.devices import bfloat16_unit, processor_name
from bigmodel_cli.sources.decoded_folder import cache_folder
from bigmodel_cli.training.plan import ExecutionPlan
from bigmodel_cli.whole_files import write_json

# The share of the time that a change is expected to save where nothing is known yet: what it saved where it
# was faster, times how often it was. XLA makes most networks with convolutions slower on CPUs.
_SHARES: Mapping[tuple[str, str], float] = {
    ("bfloat16 in amx", "convolutions"): 0.3,
    ("bfloat16 in amx", "products"): 0.2,
    ("bfloat16 in avx512", "convolutions"): 0.25,
    ("bfloat16 in avx512", "products"): 0.1,
    ("bfloat16 in amx", "attention"): 0.2,
    ("bfloat16 in avx512", "attention"): 0.2,
    ("xla on cpu", "convolutions"): 0.01,
    ("xla on cpu", "products"): 0.1,
    ("xla on cpu", "attention"): 0.3,
    ("no xla on gpu", "convolutions"): 0.05,
    ("no xla on gpu", "products"): 0.05,
    ("no xla on gpu", "attention"): 0.05,
}
# So many trials weigh as much as the figures above.
_WEIGHT = 2
# Older ones were of other times.
_MOST_KEPT = 200
_MOST_COUNTED = 10
_FILE = "trials.json"
# Kernels of convolutions over images have a place (2), what comes in and what goes out.
_RANK_OF_CONVOLUTION = 4


@dataclass(frozen=True)
class Shown:
    """What a trial has shown.

    Attributes:
        machine: Where, and with which TensorFlow.
        change: What was tried.
        kind: The kind of model.
        saved: The share of a step's time that it saved; 0 where it was no faster, or not possible.
    """

    machine: str
    change: str
    kind: str
    saved: float


@dataclass(frozen=True)
class Worth:
    """What changes of a plan may gain for one model.

    Attributes:
        kind: The kind of model.
        shown: What earlier runs have shown on this machine, the newest last.
    """

    kind: str
    shown: Sequence[Shown] = ()

    @classmethod
    def of(cls, model: Any) -> Worth:
        """For a Keras model, with what this machine remembers."""
        here = this_machine()
        return cls(kind_of(model), [one for one in remembered() if one.machine == here])

    def expected_share(self, change: str) -> float:
        """The share of a run's time that a change is expected to save."""
        seen = [one.saved for one in self.shown if (one.change, one.kind) == (change, self.kind)]
        seen = seen[-_MOST_COUNTED:]
        return (_SHARES[change, self.kind] * _WEIGHT + sum(seen)) / (_WEIGHT + len(seen))

    def shows(self, change: str, saved: float) -> Shown:
        """What a trial of a change has shown of this kind of model, here."""
        return Shown(this_machine(), change, self.kind, round(max(0.0, saved), 4))


def kind_of(model: Any) -> str:
    """What a model spends its time on: convolutions of images, attention, or other products."""
    if any(len(weight.shape) >= _RANK_OF_CONVOLUTION for weight in model.trainable_variables):
        return "convolutions"
    return "attention" if any(map(_attends, _operations(model))) else "products"


def _operations(model: Any) -> Iterator[Any]:
    """What a functional model computes by, those of models inside it in their place."""
    operations: Any = getattr(model, "operations", None) or getattr(model, "layers", ())
    for operation in operations:
        yield from _operations(operation) if hasattr(operation, "layers") else (operation,)


def _attends(operation: Any) -> bool:
    """Whether something is attention, or multiplies two things that were made of the same example."""
    name = type(operation).__name__
    return name.endswith("Attention") or (name == "Matmul" and isinstance(operation.input, list))


def name_of_change(before: ExecutionPlan, changed: ExecutionPlan) -> str:
    """What distinguishes two plans, as experience has it."""
    if before.jit_compile != changed.jit_compile:
        return "xla on cpu" if changed.jit_compile else "no xla on gpu"
    return f"bfloat16 in {bfloat16_unit() or 'avx512'}"


@cache
def this_machine() -> str:
    return f"{processor_name()}, {os.cpu_count()} cores, TensorFlow {version('tensorflow')}"


def remembered() -> list[Shown]:
    """What trials have shown; nothing where the file is missing or not ours."""
    with suppress(OSError, ValueError, TypeError, LookupError):
        return [
            Shown(str(one["machine"]), str(one["change"]), str(one["kind"]), float(one["saved"]))
            for one in json.loads(_path().read_text("utf-8"))
        ]
    return []


def remember(shown: Sequence[Shown]) -> None:
    """Keep what trials have shown; a cache that cannot be written is no reason to stop."""
    if not shown:
        return
    with suppress(OSError, ResourceError):
        _path().parent.mkdir(parents=True, exist_ok=True)
        write_json(_path(), [asdict(one) for one in (*remembered(), *shown)][-_MOST_KEPT:])


def _path() -> Path:
    return cache_folder() / _FILE
