"""A process that runs a model with its own runtime and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Protocol

from bigmodel_cli.cut import cut
from bigmodel_cli.exporting.format import Compute
from bigmodel_cli.exporting.formats import formats
from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.process_memory import status_of_process

# One call is timed so often, or for so long.
_MOST_CALLS, _SECONDS = 200, 0.5
# How long a runtime may take to end once nobody asks for anything.
_GRACE_SECONDS = 10.0
# onnxruntime names every tensor of what it does not know.
_MAX_REASON = 300


class Runnable(Protocol):
    """What a process can run; it is handed to it."""

    @property
    def runtime(self) -> str:
        """The package that computes."""

    @property
    def threads_are_fixed(self) -> bool:
        """Whether a process has one number of threads for all that it opens."""

    def open(self, threads: int) -> Compute:
        """What computes, with so many threads."""


@dataclass(frozen=True)
class ExportedFile:
    """A file that `export` wrote.

    Attributes:
        format: Its name.
        folder: Where it is.
    """

    format: str
    folder: Path

    @property
    def runtime(self) -> str:
        return formats()[self.format].runtime

    @property
    def threads_are_fixed(self) -> bool:
        return formats()[self.format].threads_are_fixed

    def open(self, threads: int) -> Compute:
        return formats()[self.format].open(self.folder, threads)


@dataclass(frozen=True)
class Cost:
    """What predictions take.

    Attributes:
        seconds: Of one call, the median.
        seconds_one_thread: The same where one thread computes.
        peak_bytes: What the process has had in memory at most, Python and the runtime included; 0 where the
            system does not tell.
    """

    seconds: float
    seconds_one_thread: float
    peak_bytes: int


class Runtime:
    """Runs a model while the context lasts.

    Args:
        one: The model.

    Attributes:
        start_seconds: From the start of the process until it could compute.
    """

    def __init__(self, one: Runnable) -> None:
        self._one, self._began = one, time.monotonic()
        self.start_seconds = 0.0
        # A new process: nothing of this one counts as the runtime's, and both may have a TensorFlow.
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, one), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Runtime:
        try:
            self._answer()
        except BaseException:
            self._end()
            raise
        self.start_seconds = time.monotonic() - self._began
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def predict(self, features: Any) -> Any:
        """What the model gives.

        Raises:
            ExportError: If its runtime cannot compute it.
        """
        return self._ask(("predict", features))

    def cost(self, features: Any) -> Cost:
        """What a call with these features takes, once it is warm.

        Raises:
            ExportError: As `predict`.
        """
        found: Cost = self._ask(("cost", features))
        return found

    def _ask(self, what: tuple[str, Any]) -> Any:
        # Where it has ended, why is what it has said last, if anything.
        with suppress(OSError):
            self._ours.send(what)
        return self._answer()

    def _answer(self) -> Any:
        try:
            is_well, found = self._ours.recv()
        except (EOFError, OSError):
            self._process.join(_GRACE_SECONDS)
            status = self._process.exitcode
            raise ExportError(f"{self._one.runtime} ended with exit status {status}") from None
        if not is_well:
            raise ExportError(f"{self._one.runtime} cannot run it: {cut(str(found), _MAX_REASON)}")
        return found

    def _end(self) -> None:
        self._ours.close()
        self._process.join(_GRACE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _run(connection: Connection, one: Runnable) -> None:
    """What the process does; libraries print what nobody asked for."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    try:
        compute = one.open(os.cpu_count() or 1)
        connection.send((True, None))
        asked: dict[str, Callable[[Any], Any]] = {
            "predict": compute,
            "cost": lambda features: _cost(one, compute, features),
        }
        while True:
            what, features = connection.recv()
            connection.send((True, asked[what](features)))
    except EOFError:
        return
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        connection.send((False, lines[0]))


def _cost(one: Runnable, compute: Compute, features: Any) -> Cost:
    seconds, peak = _seconds(compute, features), status_of_process().get("VmHWM", 0)
    if one.threads_are_fixed:
        with _one_core():
            return Cost(seconds, _seconds(compute, features), peak)
    return Cost(seconds, _seconds(one.open(1), features), peak)


def _seconds(compute: Compute, features: Any) -> float:
    """Of a call, the median of many, once it is warm."""
    compute(features)
    taken: list[float] = []
    until = time.perf_counter() + _SECONDS
    while len(taken) < _MOST_CALLS and (not taken or time.perf_counter() < until):
        began = time.perf_counter()
        compute(features)
        taken.append(time.perf_counter() - began)
    return median(taken)


@contextmanager
def _one_core() -> Iterator[None]:
    """Whatever threads there are, one core computes; where the system has no such thing, all go on."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    _stay_on({min(cores)} if cores else cores)
    try:
        yield
    finally:
        _stay_on(cores)


def _stay_on(cores: set[int]) -> None:
    with suppress(OSError, AttributeError):
        for thread in Path("/proc/self/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)
