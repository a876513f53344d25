"""SIGINT, SIGTERM and SIGHUP, in a training run and in every other command.

While steps run, the first signal is noted: the step ends, what can be kept is saved, then the run stops. In
every other phase, and for a second signal, the run stops at once.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from bigmodel_cli.errors import Interrupted

# SIGHUP says that the terminal is gone; Windows has none.
_SIGNALS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


class StopRequest:
    """Whether a signal asked to stop, and which."""

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self._noted: int | None = None
        self._agree: Callable[[int], int] | None = None
        self._is_patient = False
        self._has_raised = False

    def __bool__(self) -> bool:
        return self.signal_number is not None

    def shared(self, agree: Callable[[int], int]) -> None:
        """From now on a signal that was noted counts only once all processes know of it.

        Args:
            agree: Called by all at the same point of their work with the signal of each, or 0; gives one of
                those that are none of 0, to all.
        """
        self._agree = agree

    def heed(self) -> None:
        """Let what was noted count; all processes call this at the same points of their work."""
        if self._agree is not None and self.signal_number is None:
            self.signal_number = self._agree(self._noted or 0) or None

    @contextmanager
    def patiently(self) -> Iterator[None]:
        """Inside, the first signal is only noted; who runs inside has to look."""
        self._is_patient = True
        try:
            yield
        finally:
            self._is_patient = False

    def _received(self, number: int, _frame: FrameType | None) -> None:
        is_first = self._noted is None
        self._noted = number
        is_noted = self._is_patient and is_first
        if self._agree is None or not is_noted:
            self.signal_number = number
        if not is_noted:
            self._has_raised = True
            raise Interrupted(number)

    @contextmanager
    def unmistaken(self) -> Iterator[None]:
        """Inside, an interruption stays one: TensorFlow, where it may come, makes other errors of it.

        What a signal has asked for goes before any other interruption, which came when it was noted already.
        """
        try:
            yield
        except Interrupted as error:
            if self.signal_number in (None, error.signal_number):
                raise
            raise Interrupted(self.signal_number) from error
        except Exception as error:
            if self.signal_number is None or not self._has_raised:
                raise
            raise Interrupted(self.signal_number) from error
        if self.signal_number is not None and self._has_raised:
            raise Interrupted(self.signal_number)


@contextmanager
def stop_on_signal() -> Iterator[StopRequest]:
    """Take signals; only the main thread can do this.

    A signal that comes while Python frees an object, or while TensorFlow calls Python and does not ask how
    that ended, interrupts only that, and a traceback would be printed; but there is nothing to say, since
    `unmistaken` raises the interruption again.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    # What is ignored stays ignored: nohup asks for that.
    taken = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, request._received) for number in taken}
    unraisable, uncaught = sys.unraisablehook, sys.excepthook
    sys.unraisablehook = lambda lost: None if _is_of_signal(lost.exc_value) else unraisable(lost)
    sys.excepthook = lambda kind, error, trace: None if _is_of_signal(error) else uncaught(kind, error, trace)
    try:
        yield request
    finally:
        sys.unraisablehook, sys.excepthook = unraisable, uncaught
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_of_signal(error: BaseException | None) -> bool:
    """Whether an error is an interruption, or what Python's C code made of one."""
    while error is not None and not isinstance(error, Interrupted):
        error = error.__cause__ or error.__context__
    return error is not None
