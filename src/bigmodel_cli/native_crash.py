"""How a process ended, and what to try where it was native code that crashed: no exception tells of that.

Whoever starts processes asks here, since a process that has crashed says nothing itself.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
# What a program in C++ ends by that has gone wrong, and that nobody sends from outside.
_CRASHES = frozenset(
    {signal.SIGABRT, signal.SIGSEGV, signal.SIGFPE, signal.SIGILL, *({signal.SIGBUS} & set(signal.Signals))}
)
# A shell, and whoever passes its code on, adds this to the signal's number.
_OF_SHELLS = 128


def how_it_ended(code: int) -> str:
    """What to say of a process that failed.

    Args:
        code: Its exit code; below zero, or above 128 as shells have it, a signal.
    """
    number = _signal(code)
    return f"ended with exit code {code}" if number is None else f"was ended by {number.name}"


def crash_advice(code: int, environ: Mapping[str, str]) -> str | None:
    """What to try where a process crashed in native code; None where it ended in another way.

    Args:
        code: As for `how_it_ended`.
        environ: The variables that it was started with.
    """
    number = _signal(code)
    if number not in _CRASHES:
        return None
    crashed = f"{number.name} is a crash of native code, not of Python"
    if environ.get(ONEDNN) == "0":
        return f"{crashed}; oneDNN was off already, so try another version of TensorFlow"
    return (
        f"{crashed}: TensorFlow 2.20 and 2.21 corrupt memory in some products of matrices with oneDNN on; "
        f"try {ONEDNN}=0"
    )


def _signal(code: int) -> signal.Signals | None:
    number = -code if code < 0 else code - _OF_SHELLS
    return signal.Signals(number) if number in set(signal.Signals) else None
