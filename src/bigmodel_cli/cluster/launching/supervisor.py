"""Starts all processes of a launch, waits for their end, and starts them again where that may help."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from bigmodel_cli.cluster.environment import TF_CONFIG, tf_config
from bigmodel_cli.cluster.launched import LAUNCH, RESTARTED
from bigmodel_cli.cluster.launching.hosts import Slot
from bigmodel_cli.cluster.launching.processes import Worker
from bigmodel_cli.errors import ResourceError

_POLL_SECONDS = 0.1
# What the others need to see that one is gone, to save nothing more and to end; then they are told to, then
# they are ended.
_PATIENCE_SECONDS = 20.0
_GRACE_SECONDS = 5.0
# Wrong usage, bad data, a missed gate: the next start would come to the same.
_FINAL_CODES = (2, 3, 4)


@dataclass(frozen=True)
class Launch:
    """What is to be started.

    Attributes:
        slots: Where; the first one is the chief's.
        words: What `bigmodel` is to do in each.
        restarts: How often all are started again after a failure.
        say: Told what happens.
    """

    slots: Callable[[], Sequence[Slot]]
    words: Sequence[str]
    restarts: int
    say: Callable[[str], None]

    def run(self) -> int:
        """Run to the end.

        Returns:
            The exit code: the chief's, or that of the first process that failed.
        """
        identity = {LAUNCH: uuid.uuid4().hex}
        with _Signals() as signals:
            for restart in range(self.restarts + 1):
                environment = {**identity, RESTARTED: "1"} if restart else identity
                code = _Attempt(self.slots(), self.words, environment, self.say, signals).run()
                if code in (0, *_FINAL_CODES) or signals.received or restart == self.restarts:
                    return code
                self.say(f"starting all processes again ({restart + 1} of {self.restarts})")
        raise AssertionError("unreachable")


class _Signals:
    """Signals to the launcher, which the processes get passed on."""

    def __init__(self) -> None:
        self.received: list[int] = []

    def __enter__(self) -> _Signals:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        taken = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._receive) for number in taken}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _: FrameType | None) -> None:
        self.received.append(number)


class _Attempt:
    """All processes, started once."""

    def __init__(
        self,
        slots: Sequence[Slot],
        words: Sequence[str],
        environment: Mapping[str, str],
        say: Callable[[str], None],
        signals: _Signals,
    ) -> None:
        self._say = say
        self._signals = signals
        self._passed_on = len(signals.received)
        addresses = [slot.address for slot in slots]
        self._workers: list[Worker] = []
        try:
            for i, slot in enumerate(slots):
                variables = {**environment, TF_CONFIG: tf_config(addresses, i)}
                self._workers.append(Worker(i, slot, words, variables, say))
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
                failed = ended[0]
                self._tell(failed)
            over = failed is not None or self._workers[0].code() is not None
            now = time.monotonic()
            if over and deadline is None:
                deadline = now + _PATIENCE_SECONDS
            if deadline is not None and now > deadline:
                self._end(running)
                break
            time.sleep(_POLL_SECONDS)
        chief = self._workers[0].code()
        if chief == 0:
            return 0
        failed = failed or next(worker for worker in self._workers if worker.code() != 0)
        code = failed.code()
        assert code is not None
        return code if code > 0 else ResourceError.exit_code

    def _pass_on(self) -> None:
        for number in self._signals.received[self._passed_on :]:
            self._passed_on += 1
            for worker in self._workers:
                worker.signal(number)

    def _tell(self, worker: Worker) -> None:
        code = worker.code()
        assert code is not None
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        self._say(f"{worker.title} {how}; the others end too")

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
