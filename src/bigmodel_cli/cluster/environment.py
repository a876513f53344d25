"""Which processes train together, as `TF_CONFIG` or SLURM says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.errors import UsageError
from bigmodel_cli.plain_numbers import plain_integer

TF_CONFIG = "TF_CONFIG"
# Where the first process of a machine listens, if nothing else is said; the others have the ports behind it.
DEFAULT_PORT = 29400
_SLURM_TASKS, _SLURM_TASK = "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"
# TensorFlow's names of what trains, and Kubeflow's older one; the first of them is the chief.
_CHIEFS = ("chief", "master")
_WORKER = "worker"
_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:]+):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True)
class Cluster:
    """The processes that train one model together.

    Attributes:
        addresses: `host:port` of each; the first is the chief's.
        index: Which of them this process is.
    """

    addresses: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run's folder."""
        return self.index == 0

    def title(self, index: int) -> str:
        """A process as people know it."""
        chief = ", the chief" if index == 0 else ""
        return f"worker {index} ({self.addresses[index]}{chief})"

    def titles(self, indices: Sequence[int]) -> str:
        return ", ".join(self.title(index) for index in indices)


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port`.

    Raises:
        ValueError: If it is none.
    """
    match = _ADDRESS.fullmatch(address)
    if not match or not 0 < int(match["port"]) < 2**16:
        raise ValueError(f"expected host:port, found {address!r}")
    return match["host"].strip("[]"), int(match["port"])


def tf_config(addresses: Sequence[str], index: int) -> str:
    """The value of `TF_CONFIG` for one of several processes."""
    document = {"cluster": {_WORKER: list(addresses)}, "task": {"type": _WORKER, "index": index}}
    return json.dumps(document)


def find_cluster(environ: Mapping[str, str]) -> Cluster | None:
    """The processes that `TF_CONFIG` names; None where it is not set, or names one alone.

    Raises:
        UsageError: If it says nothing that could be trained with.
    """
    text = environ.get(TF_CONFIG, "").strip()
    return _from_tf_config(text) if text else None


def is_slurm_step(environ: Mapping[str, str]) -> bool:
    """Whether this process is one of several that `srun` has started."""
    tasks = plain_integer(environ.get(_SLURM_TASKS, "1"))
    return _SLURM_TASK in environ and tasks is not None and tasks > 1


def _from_tf_config(text: str) -> Cluster | None:
    try:
        document = json.loads(text)
        jobs: dict[str, list[str]] = {
            str(job): list(found) for job, found in (document.get("cluster") or {}).items()
        }
        task: dict[str, Any] = document.get("task") or {}
    except (ValueError, TypeError, AttributeError) as error:
        raise _wrong(f"not readable: {error}") from None
    unknown = sorted(set(jobs) - {*_CHIEFS, _WORKER})
    if unknown:
        raise _wrong(f"the job {unknown[0]} is none that trains (known: {', '.join((*_CHIEFS, _WORKER))})")
    addresses = [address for job in (*_CHIEFS, _WORKER) for address in jobs.get(job, [])]
    if len(addresses) < 2:
        return None
    for address in addresses:
        try:
            split_address(address)
        except (ValueError, TypeError) as error:
            raise _wrong(str(error)) from None
    return Cluster(tuple(addresses), _index(task, jobs))


def _index(task: Mapping[str, Any], jobs: Mapping[str, Sequence[str]]) -> int:
    """This process's place among all addresses."""
    job, number = task.get("type"), task.get("index", 0)
    if not isinstance(job, str) or job not in jobs:
        raise _wrong(f"task.type is {job!r}, which the cluster lacks")
    place = plain_integer(str(number))
    if place is None or place not in range(len(jobs[job])):
        raise _wrong(f"task.index is {number!r}, and {job} has {len(jobs[job])}")
    before = [name for name in (*_CHIEFS, _WORKER) if name in jobs]
    return sum(len(jobs[name]) for name in before[: before.index(job)]) + place


def _wrong(what: str) -> UsageError:
    return UsageError(
        f"{TF_CONFIG}: {what}",
        hint="it looks like " + tf_config([f"a:{DEFAULT_PORT}", f"b:{DEFAULT_PORT}"], 0),
    )
