"""A process that trains one run after another: `python -m bigmodel_cli.workers.worker LOG`.

It takes jobs from stdin and answers on stdout; what libraries print goes into the log. When its stdin ends,
whoever asked is gone: what is trained stops as it does for a signal, and the process ends.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from bigmodel_cli.cluster.launched import take_share
from bigmodel_cli.errors import BigmodelError, Interrupted
from bigmodel_cli.listener import Progress
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import COMPLETED, CONCLUDED, RunFolder
from bigmodel_cli.tracking.sender_process import keep_senders
from bigmodel_cli.whole_files import NO_ROOM
from bigmodel_cli.workers.job import DISK_FULL, Job

# How long a run may take to save what it has reached once nobody waits for it any more.
_GRACE_SECONDS = 5.0
# How often what goes on inside an epoch is told.
_EVERY_SECONDS = 0.5


class Channel:
    """Lines of JSON to whoever asks, and from there."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
        self._verdicts: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()

    def tell(self, number: int, what: str, **values: Any) -> None:
        line = json.dumps({"number": number, "what": what, **values})
        with self._lock:
            self._out.write(line + "\n")
            self._out.flush()

    def next_job(self) -> Job:
        return Job(**self._jobs.get())

    def verdict(self) -> str | None:
        """Why the run ends with the epoch that was told; None: it goes on."""
        why = self._verdicts.get()["why"]
        return None if why is None else str(why)

    def listen(self, source: IO[str]) -> None:
        """Take lines until there are no more; then end this process."""
        for line in source:
            document = json.loads(line)
            (self._verdicts if "why" in document else self._jobs).put(document)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)


class Relay:
    """A listener that tells whoever asked."""

    def __init__(self, channel: Channel, job: Job) -> None:
        self._channel, self._job = channel, job
        self._told = 0.0

    def say(self, message: str) -> None:
        self._channel.tell(self._job.number, "said", message=message)

    def warn(self, message: str) -> None:
        self._channel.tell(self._job.number, "warned", message=message)

    def download(self, label: str, done: int, total: int | None) -> None:
        is_done = total is not None and done >= total
        if is_done or time.monotonic() - self._told >= _EVERY_SECONDS:
            self._told = time.monotonic()
            self._channel.tell(self._job.number, "downloading", label=label, done=done, total=total)

    def progressed(self, progress: Progress) -> None:
        if time.monotonic() - self._told >= _EVERY_SECONDS:
            self._told = time.monotonic()
            values = {"epoch": progress.epoch, "num_epochs": progress.num_epochs, "step": progress.step}
            self._channel.tell(self._job.number, "progressed", **values, num_steps=progress.num_steps)

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        # Of a trial it is told when it is judged.
        if not self._job.is_trial:
            monitor = None if progress.best is None else progress.best.monitor
            values = {"row": dict(row), "monitor": monitor, "is_last": progress.is_last}
            self._channel.tell(self._job.number, "measured", **values)

    def judge(self, row: Mapping[str, float]) -> str | None:
        """Tell of an epoch, and wait for the word whether it was the last one."""
        self._channel.tell(self._job.number, "epoch", row=dict(row))
        return self._channel.verdict()


def work(job: Job, channel: Channel) -> None:
    """Train what a job says to its end."""
    # So that who only waits for jobs has not loaded what trains.
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.train import How, resume, train

    run, relay = RunFolder(Path(job.folder)), Relay(channel, job)
    how = How(offline=job.offline, judge=relay.judge if job.is_trial else None, exports=job.exports)
    if run.record.exists():
        record = run.read_record()
        is_done = job.is_trial or record.get(CONCLUDED, True)
        if record["status"] != COMPLETED or not is_done:
            resume(run, job.words, [relay], how=how)
        return
    new = NewRun(run.path.parent.parent, run.path.parent.name, run.path.name)
    train(read_config(Path(job.config)), new, [relay], how=how)


def main() -> None:
    """Work until there are no more jobs."""
    channel = Channel(os.fdopen(os.dup(sys.stdout.fileno()), "w"))
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    take_share(os.environ)
    keep_senders()
    threading.Thread(target=channel.listen, args=(sys.stdin,), name="jobs", daemon=True).start()
    while True:
        job = channel.next_job()
        try:
            work(job, channel)
        except Interrupted:
            channel.tell(job.number, "interrupted")
            return
        except BigmodelError as error:
            kind = DISK_FULL if _is_disk_full(error) else type(error).__name__
            channel.tell(job.number, "failed", kind=kind, message=error.message)
        except Exception as error:
            import traceback

            traceback.print_exc()
            channel.tell(job.number, "failed", kind=type(error).__name__, message=f"{error}")
        else:
            channel.tell(job.number, "ended")


def _is_disk_full(error: BigmodelError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in NO_ROOM


if __name__ == "__main__":
    main()
