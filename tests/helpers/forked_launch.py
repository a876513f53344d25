"""`bigmodel launch` whose processes are forked: none need import TensorFlow, which takes seconds of each.

All else is as ever: they are processes of their own, with pipes, sessions and signals, and are killed alone.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from bigmodel_cli.cli.main import main
from bigmodel_cli.cluster.environment import TF_CONFIG
from bigmodel_cli.cluster.launching import processes

# Of Linux's sched.h; Python has it from 3.12 on.
_CLONE_NEWNET = 0x40000000
# What a launch's environment says of where its workers' numbers are left.
FOLDER = "BIGMODEL_TEST"


def fork_workers() -> None:
    """From now on a launch of this process forks, in a network that nobody else is in."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    processes.subprocess = _Forking()


class _Forking:
    """What a launch knows of the module `subprocess`."""

    PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL

    def Popen(self, command: Sequence[str], *, env: Mapping[str, str], **named: Any) -> _Forked:
        assert command[:3] == [sys.executable, "-m", "bigmodel_cli"]
        assert named.pop("start_new_session")
        return _Forked(command[3:], env, **named)


class _Forked:
    """As `subprocess.Popen`, as far as a launch uses it."""

    # A process that kept another one's end of a pipe would keep it from seeing that its launcher is gone.
    _kept: list[IO[bytes]] = []  # noqa: RUF012 - of all

    def __init__(
        self,
        words: Sequence[str],
        env: Mapping[str, str],
        *,
        stdin: int,
        stdout: int | None,
        stderr: int | None,
    ) -> None:
        assert stdin == subprocess.PIPE
        theirs, own = os.pipe()
        ends = {0: theirs}
        self.stdin = os.fdopen(own, "wb")
        self.stdout, ends[1] = self._stream(stdout, 1)
        self.stderr, ends[2] = self._stream(stderr, 2)
        self._kept += [stream for stream in (self.stdin, self.stdout, self.stderr) if stream]
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._run(words, env, ends)
        for number, end in ends.items():
            if end != number:
                os.close(end)
        index = json.loads(env[TF_CONFIG])["task"]["index"]
        (Path(env[FOLDER]) / f"worker{index}").write_text(str(self.pid))
        self.returncode: int | None = None

    @staticmethod
    def _stream(wanted: int | None, own: int) -> tuple[IO[bytes] | None, int]:
        """Our end, and the other process's."""
        if wanted == subprocess.PIPE:
            ours, theirs = os.pipe()
            return os.fdopen(ours, "rb"), theirs
        return None, own if wanted is None else os.open(os.devnull, os.O_WRONLY)

    def _run(self, words: Sequence[str], env: Mapping[str, str], ends: Mapping[int, int]) -> None:
        """Never returns."""
        os.setsid()
        for stream in self._kept:
            if not stream.closed:
                os.close(stream.fileno())
        for number, end in ends.items():
            os.dup2(end, number)
        # As in a process that was started.
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", 1, closefd=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(env)
        try:
            main(list(words))
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)

    def poll(self) -> int | None:
        return self._wait(os.WNOHANG)

    def wait(self) -> int | None:
        return self._wait(0)

    def _wait(self, options: int) -> int | None:
        if self.returncode is None:
            done, status = os.waitpid(self.pid, options)
            if done:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode
