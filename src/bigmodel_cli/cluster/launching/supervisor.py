"""Starts all processes of a launch, and starts them again where that may help."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType

from bigmodel_cli.cluster.launched import LAUNCH, LAUNCHED_AS, RESTARTED
from bigmodel_cli.native_crash import ONEDNN

# What the others need to see that one is gone, to save nothing more and to end.
PATIENCE_SECONDS = 20.0
# Wrong usage, bad data, a missed gate: the next start would come to the same.
_FINAL_CODES = (2, 3, 4)


class Signals:
    """Signals to the launcher, which the processes get passed on."""

    def __init__(self) -> None:
        self.received: list[int] = []
        self._passed_on = 0

    def to_pass_on(self) -> list[int]:
        """Those received since the last call, whichever processes ran then."""
        numbers = self.received[self._passed_on :]
        self._passed_on += len(numbers)
        return numbers

    def __enter__(self) -> Signals:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        taken = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._receive) for number in taken}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _: FrameType | None) -> None:
        self.received.append(number)


# Starts all processes once, with some variables, and waits for their end. Gives 0 if the chief came to its
# end; else the code of the first process that failed.
Attempt = Callable[[Mapping[str, str], Signals], int]


@dataclass(frozen=True)
class Launch:
    """All processes, started as often as it takes.

    Attributes:
        attempt: Starts them once.
        restarts: How often they are started again after a failure.
        say: Told what happens.
        typed: The words of the command line that ask for it.
    """

    attempt: Attempt
    restarts: int
    say: Callable[[str], None]
    typed: str

    def run(self) -> int:
        """Run to the end.

        Returns:
            The exit code: the chief's, or that of the first process that failed.
        """
        # What is set for bigmodel here is so on other machines too, and so is what is tried after a crash.
        own = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("BIGMODEL_") or name == ONEDNN
        }
        identity = {**own, LAUNCH: uuid.uuid4().hex, LAUNCHED_AS: self.typed}
        with Signals() as signals:
            for restart in range(self.restarts + 1):
                code = self.attempt({**identity, RESTARTED: "1"} if restart else identity, signals)
                if code in (0, *_FINAL_CODES) or signals.received or restart == self.restarts:
                    return code
                self.say(f"starting all processes again ({restart + 1} of {self.restarts})")
        raise AssertionError("unreachable")
