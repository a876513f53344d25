"""Keeps what libraries write to the process's stdout and stderr away from our own output."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

_guard = threading.Lock()
_inside = 0
_undo = ExitStack()
_is_heard = False


@contextmanager
def silenced() -> Iterator[None]:
    """What native code and Python print inside goes nowhere; output before and after works as ever.

    Threads may be inside at once: the first one silences the process, the last one lets it speak again.
    """
    if _is_heard:
        yield
        return
    _enter()
    try:
        yield
    finally:
        _leave()


@contextmanager
def heard() -> Iterator[None]:
    """Nothing is silenced inside: of a process with several threads that would be what others have to say."""
    global _is_heard
    before, _is_heard = _is_heard, True
    try:
        yield
    finally:
        _is_heard = before


def _enter() -> None:
    global _inside
    with _guard:
        if not _inside:
            _undo.enter_context(_process_silenced())
        _inside += 1


def _leave() -> None:
    global _inside
    with _guard:
        _inside -= 1
        if not _inside:
            _undo.close()


@contextmanager
def _process_silenced() -> Iterator[None]:
    sys.stdout.flush()
    sys.stderr.flush()
    with Path(os.devnull).open("w") as null, redirect_stdout(null), redirect_stderr(null):
        try:
            saved = [os.dup(1), os.dup(2)]
        except OSError:
            # A closed descriptor cannot be kept clean, nor dirtied.
            yield
            return
        try:
            os.dup2(null.fileno(), 1)
            os.dup2(null.fileno(), 2)
            yield
        finally:
            for target, descriptor in zip((1, 2), saved, strict=True):
                os.dup2(descriptor, target)
                os.close(descriptor)
