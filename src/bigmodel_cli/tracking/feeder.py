"""Tells trackers that there is something new in a run's folder; training never waits for them."""

from __future__ import annotations

import importlib.util
import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.errors import UsageError
from bigmodel_cli.listener import Listener, Progress, Silent
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking.reachable import Unreachable, require_reachable
from bigmodel_cli.tracking.sender import END, LOOK, PAUSE_SECONDS, failed
from bigmodel_cli.tracking.sender_process import SenderProcess, kept
from bigmodel_cli.tracking.sending import log_of
from bigmodel_cli.tracking.tracker import TrackerOptions

# How long the end of a run waits for a tracker: that answers; after an interruption; and in shares of what
# the run took, that has failed.
_PATIENCE_SECONDS, _HURRIED_SECONDS, _FAILED_SHARE = 120.0, 3.0, 0.005
# From when on people are told what is waited for.
_SILENT_SECONDS = 1.0


def require_trackers(components: Sequence[Component]) -> None:
    """Find out before training whether the packages are there that a config's `track` needs.

    Raises:
        UsageError: If one is not.
    """
    for options in map(_options, components):
        if importlib.util.find_spec(options.package) is None:
            raise UsageError(
                f"track: {options.tracker_name} needs the package {options.package}, which is not installed",
                hint=f"pip install 'bigmodel-cli[{options.extra}]'",
            )


def _options(component: Component) -> TrackerOptions:
    assert isinstance(component.options, TrackerOptions)
    return component.options


class Feeder(Silent):
    """Feeds one tracker.

    A thread takes what is to be told from a queue that holds one thing: as all of it stands in the run's
    folder, one look sends whatever has come since the last one. The thread waits for a process (`sender.py`),
    which has the tracker's library: it cannot hold Python's lock, print, or catch a signal here.

    Args:
        run: What is tracked.
        options: Of the tracker.
        listener: Is told of the first failure, and no other.
    """

    def __init__(self, run: RunFolder, options: TrackerOptions, listener: Listener) -> None:
        self.name = options.tracker_name
        self._run, self._options, self._listener = run, options, listener
        self._queue: queue.Queue[str] = queue.Queue(maxsize=1)
        self._is_last = threading.Event()
        self._began = time.monotonic()
        self._failure: str | None = None
        self._is_told = False
        self._waits_until = 0.0
        self._last: Mapping[str, Any] | None = None
        self._process: SenderProcess | None = None
        self._thread = threading.Thread(target=self._feed, name=f"tracker {self.name}", daemon=True)
        self._thread.start()
        self.look()

    @property
    def failure(self) -> str | None:
        """Why not everything has arrived; None where it has."""
        if self._last is not None and self._last["what"] == "ended":
            return None
        return self._failure or "it took too long"

    def look(self) -> None:
        """Say that there is something new; never waits."""
        with suppress(queue.Full):
            self._queue.put_nowait(LOOK)

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        self.look()
        self._tell()

    def finish(self, *, in_a_hurry: bool = False) -> None:
        """Send what is left, as long as that is worth waiting for."""
        self._is_last.set()
        self.look()
        patience = _HURRIED_SECONDS if in_a_hurry else _PATIENCE_SECONDS
        if self._failure is not None:
            patience = min(_HURRIED_SECONDS, _FAILED_SHARE * (time.monotonic() - self._began))
        elif not in_a_hurry:
            self._thread.join(_SILENT_SECONDS)
            if self._thread.is_alive():
                self._listener.say(f"sending to {self.name} what is left")
        self._thread.join(patience)
        self._end_process()
        if self.failure is None:
            if message := (self._last or {}).get("message"):
                self._listener.say(f"{self.name}: {message}")
        elif not in_a_hurry:
            self._failure = self.failure
            self._tell()

    def _tell(self) -> None:
        """Only from the thread that trains: a display is not made for two."""
        if self._failure is not None and not self._is_told:
            self._is_told = True
            self._listener.warn(
                f"track: {self.name}: {self._failure}; training does not depend on it, and what has not "
                f"arrived is sent later in this run or by: bigmodel track {self._run.title}"
            )

    def _feed(self) -> None:
        try:
            while True:
                self._queue.get()
                is_last = self._is_last.is_set()
                answer = self._unreachable(is_last) or self._ask(END if is_last else LOOK)
                if answer["what"] == "failed":
                    self._failure = str(answer["message"])
                elif answer["what"] == "sent":
                    self._failure = None
                if is_last:
                    self._last = answer
                    return
        except (OSError, ValueError) as error:
            log = self._run.inside(log_of(self._run, self.name))
            self._failure = self._failure or f"its process ended ({error}); see {log}"

    def _unreachable(self, is_last: bool) -> dict[str, Any] | None:
        """That nobody answers, found out before a process is started for it; None where somebody does."""
        if self._process is not None or (address := self._options.address) is None:
            return None
        if time.monotonic() < self._waits_until and not is_last:
            return {"what": "waits"}
        try:
            require_reachable(address)
        except Unreachable as error:
            self._waits_until = time.monotonic() + PAUSE_SECONDS
            return failed(error)
        return None

    def _ask(self, command: str) -> dict[str, Any]:
        if self._process is None:
            self._process = kept.take(self._run, self._options)
        return self._process.ask(command)

    def _end_process(self) -> None:
        process = self._process
        if process is None:
            return
        if self._thread.is_alive():
            process.process.kill()
            self._thread.join(1.0)
        if self.failure is None:
            kept.give_back(self.name, process)
        else:
            process.close()


def feeders(
    run: RunFolder, components: Sequence[Component], listener: Listener, *, offline: bool
) -> list[Feeder]:
    """A feeder for each tracker that the config names; under `offline` for those that need no network."""
    found = []
    for options in map(_options, components):
        allowed = options.offline() if offline else options
        if allowed is None:
            listener.say(
                f"track: {options.tracker_name} gets nothing now (offline); later: bigmodel track {run.title}"
            )
        else:
            found.append(Feeder(run, allowed, listener))
    return found


@contextmanager
def finishing(found: Sequence[Feeder]) -> Iterator[None]:
    """Let trackers have what is left when the block ends, however it does."""
    try:
        yield
    except Exception:
        for feeder in found:
            feeder.finish()
        raise
    except BaseException:
        # Somebody waits for the process to end.
        for feeder in found:
            feeder.finish(in_a_hurry=True)
        raise
    for feeder in found:
        feeder.finish()
