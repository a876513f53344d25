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


class Worker:
    """A process that was started.

    The chief writes where the launcher does; of the others every line on stderr is shown behind their number.

    Args:
        index: Its number among all.
        slot: Where it runs.
        words: What `bigmodel` is to do.
        environment: Variables beside those that are set.
        show: Shows a line of a process that is not the chief.
    """

    def __init__(
        self,
        index: int,
        slot: Slot,
        words: Sequence[str],
        environment: Mapping[str, str],
        show: Callable[[str], None],
    ) -> None:
        self.index = index
        self.slot = slot
        environment = {**environment, SLOT: f"{slot.number}/{slot.count}"}
        output = None if index == 0 else subprocess.PIPE
        self._process = subprocess.Popen(  # noqa: S603 - the user's own command
            _command(slot, words, environment),
            env={**os.environ, **environment} if slot.is_here else None,
            # When this process is gone, so is its end of the pipe, and the other one knows.
            stdin=subprocess.PIPE,
            stdout=None if index == 0 else subprocess.DEVNULL,
            stderr=output,
            # Ctrl-C is passed on, once.
            start_new_session=True,
        )
        if self._process.stderr is not None:
            threading.Thread(
                target=_show_lines, args=(self._process.stderr, f"[worker {index}] ", show), daemon=True
            ).start()

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


def _command(slot: Slot, words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    own = [sys.executable, "-m", "bigmodel_cli", *words]
    if slot.is_here:
        return own
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    there = f"cd {shlex.quote(str(Path.cwd()))} && exec env {variables} {shlex.join(own)}"
    return [*_SSH, slot.host.strip("[]"), there]


def _show_lines(stream: IO[bytes], before: str, show: Callable[[str], None]) -> None:
    for line in stream:
        show(before + line.decode("utf-8", "replace").rstrip("\n"))
