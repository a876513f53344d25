"""One process of a launch: on this machine, or on another one by ssh."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from bigmodel_cli.cluster.launched import SLOT
from bigmodel_cli.cluster.launching.hosts import Slot

# No passwords are asked for in the midst of other processes' output, and a lost connection is noticed.
_SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3")

# Where a process writes: to who is told its lines, to `subprocess.DEVNULL`, or with None where we write.
Sink = Callable[[str], None] | int | None


class Worker:
    """A process that was started.

    Args:
        index: Its number among all.
        slot: Where it runs.
        words: What `bigmodel` is to do.
        environment: Variables beside those that are set.
        stdout: Where its results go.
        stderr: Where the rest of what it says goes.
    """

    def __init__(
        self,
        index: int,
        slot: Slot,
        words: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdout: Sink,
        stderr: Sink,
    ) -> None:
        self.index = index
        self.slot = slot
        environment = {**environment, SLOT: f"{slot.number}/{slot.count}"}
        self._process = subprocess.Popen(  # noqa: S603 - the user's own command
            _command(slot, words, environment),
            env={**os.environ, **environment} if slot.is_here else None,
            # When this process is gone, so is its end of the pipe, and the other one knows.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if callable(stdout) else stdout,
            stderr=subprocess.PIPE if callable(stderr) else stderr,
            # Ctrl-C is passed on, once.
            start_new_session=True,
        )
        self._readers = [
            _reading(stream, sink)
            for stream, sink in ((self._process.stdout, stdout), (self._process.stderr, stderr))
            if stream is not None and callable(sink)
        ]

    @property
    def title(self) -> str:
        return f"worker {self.index} ({self.slot.address})"

    def code(self) -> int | None:
        """The exit code; below zero the signal that ended it; None while it runs."""
        return self._process.poll()

    def signal(self, number: int) -> None:
        """Send a signal to the process and those that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it at once, also where it is stopped; one on another machine ends with its connection."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self.signal(signal.SIGKILL)
        self._process.wait()

    def wait_for_lines(self, seconds: float) -> None:
        """After its end: until all that it said was passed on."""
        for reader in self._readers:
            reader.join(seconds)


def _command(slot: Slot, words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    own = [sys.executable, "-m", "bigmodel_cli", *words]
    if slot.is_here:
        return own
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    there = f"cd {shlex.quote(str(Path.cwd()))} && exec env {variables} {shlex.join(own)}"
    return [*_SSH, slot.host.strip("[]"), there]


def _reading(stream: IO[bytes], sink: Callable[[str], None]) -> threading.Thread:
    def read() -> None:
        for line in stream:
            sink(line.decode("utf-8", "replace").rstrip("\n"))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread
