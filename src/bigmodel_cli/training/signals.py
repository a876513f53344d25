"""SIGINT and SIGTERM during training: the step ends, what can be kept is saved, then the run stops."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether a signal asked to stop, and which."""

    def __init__(self) -> None:
        self.signal_number: int | None = None

    def __bool__(self) -> bool:
        return self.signal_number is not None

    def _received(self, number: int, _frame: FrameType | None) -> None:
        if self.signal_number is not None:
            # A second signal means: at once.
            raise KeyboardInterrupt
        self.signal_number = number


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Note the first signal; a second one interrupts at once. Only the main thread can do this."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request._received) for number in _SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
