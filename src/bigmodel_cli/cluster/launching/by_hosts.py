"""Processes on this machine, or on others by ssh, that are started once and watched to their end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bigmodel_cli.cluster.environment import TF_CONFIG, tf_config
from bigmodel_cli.cluster.launching.hosts import Slot
from bigmodel_cli.cluster.launching.processes import Worker
from bigmodel_cli.cluster.launching.supervisor import PATIENCE_SECONDS, Attempt, Signals
from bigmodel_cli.errors import ResourceError
from bigmodel_cli.native_crash import crash_advice, how_it_ended

_POLL_SECONDS = 0.1
# Who does not end by itself is told to, then is ended.
_GRACE_SECONDS = 5.0


def by_hosts(
    slots: Callable[[], Sequence[Slot]], words: Sequence[str], say: Callable[[str], None]
) -> Attempt:
    """Start a process in each slot.

    Args:
        slots: Asked at each start; the first one is the chief's.
        words: What `bigmodel` is to do in each.
        say: Told what happens, and the lines of all but the chief, who writes where the launcher does.
    """

    def attempt(environment: Mapping[str, str], signals: Signals) -> int:
        return _Processes(slots(), words, environment, say, signals).run()

    return attempt


class _Processes:
    """All processes, started once."""

    def __init__(
        self,
        slots: Sequence[Slot],
        words: Sequence[str],
        environment: Mapping[str, str],
        say: Callable[[str], None],
        signals: Signals,
    ) -> None:
        self._say = say
        self._signals = signals
        addresses = [slot.address for slot in slots]
        self._workers: list[Worker] = []
        try:
            for i, slot in enumerate(slots):
                self._workers.append(
                    Worker(
                        i,
                        slot,
                        words,
                        {**environment, TF_CONFIG: tf_config(addresses, i)},
                        stdout=subprocess.DEVNULL if i else None,
                        stderr=partial(self._show, i) if i else None,
                    )
                )
        except OSError as error:
            self._kill()
            raise ResourceError(
                f"{slot.address}: no process can be started: {error.strerror or error}: {error.filename}"
            ) from error

    def run(self) -> int:
        """Wait for all of them.

        Returns:
            0 if the chief came to its end; else the code of the first process that failed.
        """
        try:
            return self._watch()
        finally:
            self._kill()

    def _show(self, index: int, line: str) -> None:
        self._say(f"[worker {index}] {line}")

    def _kill(self) -> None:
        for worker in self._workers:
            worker.kill()

    def _watch(self) -> int:
        failed: Worker | None = None
        deadline = None
        while running := [worker for worker in self._workers if worker.code() is None]:
            self._pass_on()
            ended = [worker for worker in self._workers if worker.code() not in (None, 0)]
            if ended and failed is None:
                failed = _culprit(ended)
                self._tell(failed)
            over = failed is not None or self._workers[0].code() is not None
            now = time.monotonic()
            if over and deadline is None:
                deadline = now + PATIENCE_SECONDS
            if deadline is not None and now > deadline:
                self._end(running)
                break
            time.sleep(_POLL_SECONDS)
        chief = self._workers[0].code()
        if chief == 0:
            return 0
        if failed is None:
            # All had ended before they were looked at.
            failed = _culprit([worker for worker in self._workers if worker.code() != 0])
            self._tell(failed)
        code = failed.code()
        assert code is not None
        return code if code > 0 else ResourceError.exit_code

    def _pass_on(self) -> None:
        for number in self._signals.to_pass_on():
            for worker in self._workers:
                worker.signal(number)

    def _tell(self, worker: Worker) -> None:
        """Say how a process failed; who was told to end has not."""
        if self._signals.received:
            return
        code = worker.code()
        assert code is not None
        self._say(f"{worker.title} {how_it_ended(code)}; the others end too")
        if advice := crash_advice(code, os.environ):
            self._say(advice)

    def _end(self, workers: Sequence[Worker]) -> None:
        for worker in workers:
            worker.signal(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        while any(worker.code() is None for worker in workers) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        for worker in workers:
            if worker.code() is None:
                self._say(f"{worker.title} does not answer and is killed")
                worker.kill()


def _culprit(ended: Sequence[Worker]) -> Worker:
    """Of processes that were found to have failed at once, the one that the others may have failed of.

    Who loses another process ends with the exit code of a resource that ran out.
    """
    return min(ended, key=lambda worker: worker.code() == ResourceError.exit_code)
