"""The workers of this machine: started when they are needed, one that dies takes nobody with it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from bigmodel_cli.cluster.launched import SLOT
from bigmodel_cli.workers.job import Job, Told

# How long workers may take to save what they have reached.
_GRACE_SECONDS = 8.0


class _Worker:
    """One process and the job that it has."""

    def __init__(self, slot: str, log: Path, told: queue.SimpleQueue[tuple[_Worker, Told]]) -> None:
        self.job: Job | None = None
        # A group of its own: Ctrl-C at a terminal is for who asks, who then ends the workers in order.
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "bigmodel_cli.workers.worker", str(log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, SLOT: slot},
            start_new_session=True,
        )
        self._told = told
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            document = json.loads(line)
            self._told.put((self, Told(document.pop("number"), document.pop("what"), document)))
        status = self.process.wait()
        self._told.put((self, Told(-1, "died", {"status": status})))

    def send(self, document: object) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(document) + "\n")
            self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()


class Pool:
    """Several workers.

    Args:
        size: How many; cores and GPUs are shared out among them.
        log: Where goes what libraries print in them.
    """

    def __init__(self, size: int, log: Path) -> None:
        self._size, self._log = size, log
        self._workers: dict[int, _Worker] = {}
        self._told: queue.SimpleQueue[tuple[_Worker, Told]] = queue.SimpleQueue()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end(at_once=error is None)

    @property
    def jobs(self) -> list[Job]:
        """What is being worked on."""
        return [worker.job for worker in self._workers.values() if worker.job is not None]

    @property
    def has_room(self) -> bool:
        """Whether a worker has nothing to do."""
        return len(self.jobs) < self._size

    def submit(self, job: Job) -> None:
        """Give a job to a worker that has none; one is started where there is none."""
        free = next((slot for slot in range(self._size) if not self._is_busy(slot)), None)
        assert free is not None, "there is room"
        worker = self._workers.get(free)
        if worker is None:
            worker = _Worker(f"{free}/{self._size}", self._log, self._told)
            self._workers[free] = worker
        worker.job = job
        worker.send(job.as_json())

    def _is_busy(self, slot: int) -> bool:
        worker = self._workers.get(slot)
        return worker is not None and worker.job is not None

    def told(self, timeout: float) -> Iterator[Told]:
        """What workers tell until somebody has told something and nothing more is waiting.

        Args:
            timeout: Seconds after which nothing is waited for.
        """
        with suppress(queue.Empty):
            found = self._take(*self._told.get(timeout=timeout))
            while True:
                if found is not None:
                    yield found
                found = self._take(*self._told.get_nowait())

    def _take(self, worker: _Worker, told: Told) -> Told | None:
        job = worker.job
        if told.what == "died":
            self._workers = {slot: one for slot, one in self._workers.items() if one is not worker}
            worker.job = None
            return None if job is None else Told(job.number, "died", told.values)
        if job is None:
            # It was cancelled.
            return None
        if told.is_last:
            worker.job = None
        return told

    def answer(self, number: int, why: str | None) -> None:
        """Say whether a run goes on after the epoch that was told; `why` it does not."""
        for worker in self._workers.values():
            if worker.job is not None and worker.job.number == number:
                worker.send({"why": why})

    def cancel(self, number: int) -> None:
        """End the worker of a job at once; nothing more is told of the job."""
        for slot, worker in list(self._workers.items()):
            if worker.job is not None and worker.job.number == number:
                worker.job = None
                worker.process.kill()
                del self._workers[slot]

    def _end(self, *, at_once: bool) -> None:
        """End all workers; what one trains is saved first, so that it can be gone on with."""
        workers = list(self._workers.values())
        for worker in workers:
            if worker.job is not None and not at_once:
                worker.process.send_signal(signal.SIGINT)
                # It may wait for a word.
                worker.send({"why": None})
            else:
                worker.close()
                worker.process.terminate()
        until = time.monotonic() + _GRACE_SECONDS
        for worker in workers:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(0.0, until - time.monotonic()))
            worker.process.kill()
            worker.process.wait()
