"""How much memory there is, and how much work takes of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from bigmodel_cli.process_memory import PROC, sizes_in, status_of_process

# Of what is free; other processes, fragments and validation need some too.
USABLE_SHARE = 0.8
_PROC = PROC
_CGROUPS = Path("/sys/fs/cgroup")
# What exporting and plotting take of the address space beside the training step: libraries, threads, arenas.
RESERVED = 512 * 2**20
# A control group's limit, its usage, and the line of memory.stat that counts what it can give back.
_CGROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
_STATUS = {"resident": "VmRSS", "virtual": "VmSize", "data": "VmData"}

# Bytes by what can run out: `resident` (RAM), `virtual` (ulimit -v), `data` (ulimit -d), or of a `device`.
Bytes = Mapping[str, int]


class Gauge(ABC):
    """Measures what work takes of the memory that can run out.

    Attributes:
        limits: How much may be in use; empty where that is not known.
        fails_softly: Whether too little memory is an error that can be caught; else the process dies of it.
    """

    limits: Bytes
    fails_softly: bool

    @abstractmethod
    def now(self) -> Bytes:
        """What is in use."""

    @abstractmethod
    def peak_of(self, work: Callable[[], None]) -> Bytes:
        """The most that is in use while some work is done."""


class HostGauge(Gauge):
    """The machine's memory, which Linux promises to more than it has: who takes too much is killed."""

    fails_softly = False

    def __init__(self) -> None:
        used = self.now()
        self.limits = {kind: used[kind] + int(USABLE_SHARE * free) for kind, free in free_memory().items()}

    def now(self) -> Bytes:
        status = status_of_process(_PROC)
        return {kind: status[name] for kind, name in _STATUS.items() if name in status}

    def peak_of(self, work: Callable[[], None]) -> Bytes:
        with suppress(OSError):
            # The peak of what is resident, so far, is forgotten.
            (_PROC / "self/clear_refs").write_text("5")
        work()
        # What its allocator reserved, TensorFlow does not give back: of the others this is the peak too.
        return {**self.now(), "resident": status_of_process(_PROC).get("VmHWM", 0)}


class DeviceGauge(Gauge):
    """A GPU's memory, of which TensorFlow tells the use but not the size; too little of it is an error."""

    fails_softly = True

    def __init__(self, name: str) -> None:
        self.limits = {}
        self._name = name

    def now(self) -> Bytes:
        return {"device": self._info()["current"]}

    def peak_of(self, work: Callable[[], None]) -> Bytes:
        import tensorflow as tf

        tf.config.experimental.reset_memory_stats(self._name)
        work()
        return {"device": self._info()["peak"]}

    def _info(self) -> Bytes:
        import tensorflow as tf

        info: Bytes = tf.config.experimental.get_memory_info(self._name)
        return info


def make_gauge() -> Gauge:
    """The gauge of where the model runs."""
    import tensorflow as tf

    # Other GPUs than the chosen one are hidden from TensorFlow.
    return DeviceGauge("GPU:0") if tf.config.list_logical_devices("GPU") else HostGauge()


def epoch_memory() -> float:
    """Bytes: of GPUs the most that one had in use since the last call, else what this process has resident.

    Returns:
        Not a number where the system does not tell.
    """
    import tensorflow as tf

    gpus = [f"GPU:{number}" for number in range(len(tf.config.list_logical_devices("GPU")))]
    if not gpus:
        return status_of_process(_PROC).get("VmRSS", math.nan)
    peak = max(float(tf.config.experimental.get_memory_info(gpu)["peak"]) for gpu in gpus)
    for gpu in gpus:
        tf.config.experimental.reset_memory_stats(gpu)
    return peak


def free_memory() -> Bytes:
    """What this process can still get: of the machine and its control groups, and by `ulimit -v` and `-d`.

    Returns:
        Nothing of what the system does not tell.
    """
    status = status_of_process(_PROC)
    if not status:
        return {}
    available = sizes_in(_PROC / "meminfo").get("MemAvailable")
    free = [*_free_in_cgroups(), *([] if available is None else [available])]
    resident = {"resident": max(0, min(free))} if free else {}
    return {**resident, **_free_by_limits(status)}


def _free_by_limits(status: Bytes) -> Bytes:
    import resource

    limits = {"virtual": resource.RLIMIT_AS, "data": resource.RLIMIT_DATA}
    most = {kind: resource.getrlimit(limit)[0] for kind, limit in limits.items()}
    return {
        kind: max(0, limit - status[_STATUS[kind]] - RESERVED)
        for kind, limit in most.items()
        if limit != resource.RLIM_INFINITY
    }


def _free_in_cgroups() -> list[int]:
    """What the control groups of this process, and those above them, have left."""
    folders = {
        folder for own in _own_cgroups() for folder in (own, *own.parents) if _CGROUPS in folder.parents
    }
    found = [
        _free_in(folder, *files)
        for folder in {*folders, _CGROUPS, _CGROUPS / "memory"}
        for files in _CGROUP_FILES
    ]
    return [free for free in found if free is not None]


def _own_cgroups() -> Iterator[Path]:
    with suppress(OSError):
        for line in (_PROC / "self/cgroup").read_text("utf-8", "replace").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in ("", "memory"):
                yield _CGROUPS / controllers / path.lstrip("/")


def _free_in(folder: Path, limit: str, usage: str, reclaimable: str) -> int | None:
    """Limit less usage; pages of files that can be dropped do not count as used."""
    try:
        most, used = (int((folder / name).read_text("ascii")) for name in (limit, usage))
        lines = [line.split() for line in (folder / "memory.stat").read_text("ascii").splitlines()]
    except (OSError, ValueError):  # There is none, or its limit is the word `max`.
        return None
    return most - used + sum(int(number) for name, number in lines if name == reclaimable)
