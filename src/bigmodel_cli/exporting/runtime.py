"""A process that runs an exported file with its own runtime and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any

from bigmodel_cli.exporting.format import Compute, ExportError, Format, Named
from bigmodel_cli.exporting.formats import formats
from bigmodel_cli.process_memory import status_of_process

# One call is timed so often, or for so long.
_MOST_CALLS, _SECONDS = 200, 0.5
# How long a runtime may take to end once nobody asks for anything.
_GRACE_SECONDS = 10.0


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
    """Runs a file while the context lasts.

    Args:
        one: The file's format.
        folder: Where it is.
    """

    def __init__(self, one: Format, folder: Path) -> None:
        self._format = one
        # A new process: nothing of this one counts as the runtime's, and both may have a TensorFlow.
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(theirs, one.name, str(folder)), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Runtime:
        try:
            self._answer()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def predict(self, features: Named) -> Named:
        """What the file gives.

        Raises:
            ExportError: If its runtime cannot compute it.
        """
        found: Named = self._ask(("predict", features))
        return found

    def cost(self, features: Named) -> Cost:
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
            raise ExportError(f"{self._format.runtime} ended with exit status {status}") from None
        if not is_well:
            raise ExportError(f"{self._format.runtime} cannot run it: {found}")
        return found

    def _end(self) -> None:
        self._ours.close()
        self._process.join(_GRACE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _run(connection: Connection, name: str, folder: str) -> None:
    """What the process does; libraries print what nobody asked for."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    one, place = formats()[name], Path(folder)
    try:
        compute = one.open(place, os.cpu_count() or 1)
        connection.send((True, None))
        asked: dict[str, Callable[[Named], Any]] = {
            "predict": compute,
            "cost": lambda features: _cost(one, place, compute, features),
        }
        while True:
            what, features = connection.recv()
            connection.send((True, asked[what](features)))
    except EOFError:
        return
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        connection.send((False, lines[0]))


def _cost(one: Format, folder: Path, compute: Compute, features: Named) -> Cost:
    seconds, peak = _seconds(compute, features), status_of_process().get("VmHWM", 0)
    if one.threads_are_fixed:
        _stay_on_one_core()
    else:
        compute = one.open(folder, 1)
    return Cost(seconds, _seconds(compute, features), peak)


def _seconds(compute: Compute, features: Named) -> float:
    """Of a call, the median of many, once it is warm."""
    compute(features)
    taken: list[float] = []
    until = time.perf_counter() + _SECONDS
    while len(taken) < _MOST_CALLS and (not taken or time.perf_counter() < until):
        began = time.perf_counter()
        compute(features)
        taken.append(time.perf_counter() - began)
    return median(taken)


def _stay_on_one_core() -> None:
    """Whatever threads there are, one core computes; where the system has no such thing, all go on."""
    with suppress(OSError, AttributeError):
        core = {min(os.sched_getaffinity(0))}
        for thread in Path("/proc/self/task").iterdir():
            os.sched_setaffinity(int(thread.name), core)
