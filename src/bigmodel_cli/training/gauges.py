"""How much memory there is, and how much work takes of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

# Of what is free; other processes, fragments and validation need some too.
USABLE_SHARE = 0.8
_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
# A control group's limit, its usage, and the line of memory.stat that counts what it can give back.
_CGROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)

# Bytes by what can run out: `resident` (RAM), `virtual` (ulimit -v), `data` (ulimit -d), or a `device`.
Bytes = Mapping[str, int]


class Gauge(ABC):
    """Measures what work takes of the memory that can run out.

    Attributes:
        limits: How much may be in use, by kind of memory; empty where that is not known.
        fails_softly: Whether too little memory is an error that can be caught; else the process dies of it.
    """

    limits: Bytes
    fails_softly: bool

    @abstractmethod
    def reset(self) -> None:
        """Begin to measure."""

    @abstractmethod
    def peak(self) -> Bytes:
        """The most that was in use since then."""


class HostGauge(Gauge):
    """The machine's memory, which Linux promises to more than it has: who takes too much is killed."""

    fails_softly = False

    def __init__(self) -> None:
        used, limits = _used(), host_limits()
        self.limits = {kind: used[kind] + int(USABLE_SHARE * (limits[kind] - used[kind])) for kind in limits}

    def reset(self) -> None:
        with suppress(OSError):
            (_PROC / "self/clear_refs").write_text("5")

    def peak(self) -> Bytes:
        status = _status()
        return {
            kind: status[name]
            for kind, name in (("resident", "VmHWM"), ("virtual", "VmPeak"), ("data", "VmData"))
            if name in status
        }


class DeviceGauge(Gauge):
    """A GPU's memory, of which TensorFlow tells the use but not the size; too little of it is an error."""

    fails_softly = True

    def __init__(self, name: str) -> None:
        self.limits = {}
        self._name = name

    def reset(self) -> None:
        import tensorflow as tf

        tf.config.experimental.reset_memory_stats(self._name)

    def peak(self) -> Bytes:
        import tensorflow as tf

        return {"device": tf.config.experimental.get_memory_info(self._name)["peak"]}


def make_gauge() -> Gauge:
    """The gauge of where the model runs."""
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    # Others than the chosen one are hidden from TensorFlow.
    return DeviceGauge("GPU:0") if gpus else HostGauge()


def host_limits() -> Bytes:
    """How much this process may come to use, by kind; empty where the system does not tell."""
    used = _used()
    if not used:
        return {}
    free = [*_available(), *_free_in_cgroups()]
    resident = {"resident": used["resident"] + min(free)} if free else {}
    return {**resident, **_process_limits()}


def _process_limits() -> Bytes:
    import resource

    asked = {"virtual": resource.RLIMIT_AS, "data": resource.RLIMIT_DATA}
    found = {kind: resource.getrlimit(limit)[0] for kind, limit in asked.items()}
    return {kind: limit for kind, limit in found.items() if limit != resource.RLIM_INFINITY}


def _used() -> Bytes:
    status = _status()
    names = {"resident": "VmRSS", "virtual": "VmSize", "data": "VmData"}
    return {kind: status[name] for kind, name in names.items() if name in status}


def _status() -> Bytes:
    return _sizes(_PROC / "self/status")


def _available() -> list[int]:
    memory = _sizes(_PROC / "meminfo")
    return [memory["MemAvailable"]] if "MemAvailable" in memory else []


def _sizes(path: Path) -> dict[str, int]:
    """The lines `Name: 123 kB` of a file, in bytes; none where there is no such file."""
    try:
        lines = path.read_text("ascii", "replace").splitlines()
    except OSError:
        return {}
    words = [line.split() for line in lines if line.endswith(" kB")]
    return {name.rstrip(":"): 1024 * int(number) for name, number, _ in words}


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
