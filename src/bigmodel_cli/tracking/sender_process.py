"""The processes that have trackers' libraries, as whoever trains talks to them."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking.sender import BEGIN, Begin
from bigmodel_cli.tracking.sending import log_of
from bigmodel_cli.tracking.tracker import TrackerOptions

# How long a process may take to go.
_GRACE_SECONDS = 1.0


class SenderProcess:
    """A process that sends the runs of one tracker, one after another: `sender.py`.

    Args:
        run: The first one, whose log has what goes wrong at the start.
        name: Of the tracker.
    """

    def __init__(self, run: RunFolder, name: str) -> None:
        run.tracking.mkdir(exist_ok=True)
        with log_of(run, name).open("a") as log:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "bigmodel_cli.tracking.sender", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # Ctrl-C at a terminal is for training, which then says how it ended.
                start_new_session=True,
            )

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def begin(self, run: RunFolder, options: TrackerOptions) -> None:
        """Go over to a run; what is asked from now on is about it."""
        begin = Begin(str(run.path.absolute()), options.model_dump(mode="json"))
        self._write(f"{BEGIN} {begin.as_json()}")

    def ask(self, command: str) -> dict[str, Any]:
        """Give a command, and wait for the answer.

        Raises:
            OSError, ValueError: If the process is gone.
        """
        self._write(command)
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def close(self) -> None:
        """Let it end, which it does where it has nothing left to do."""
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(OSError, AttributeError):
                stream.close()  # type: ignore[union-attr]
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_GRACE_SECONDS)


class _Kept:
    """Processes that have nothing to do, by the tracker's name, where they are kept for the next run."""

    def __init__(self) -> None:
        self.is_asked_for = False
        self._idle: dict[str, SenderProcess] = {}

    def take(self, run: RunFolder, options: TrackerOptions) -> SenderProcess:
        name = options.tracker_name
        found = self._idle.pop(name, None)
        if found is None or not found.is_alive:
            found = SenderProcess(run, name)
        run.tracking.mkdir(exist_ok=True)
        found.begin(run, options)
        return found

    def close(self) -> None:
        """Let all of them end."""
        while self._idle:
            self._idle.popitem()[1].close()

    def give_back(self, name: str, process: SenderProcess) -> None:
        """It has sent all of a run."""
        if self.is_asked_for and name not in self._idle:
            self._idle[name] = process
        else:
            process.close()


kept = _Kept()


def keep_senders() -> None:
    """Of this process's senders let one for each tracker wait for the next run, which spares its start.

    Loading MLflow takes some 5 seconds of processor time: of a search, each worker does that once.
    """
    kept.is_asked_for = True
