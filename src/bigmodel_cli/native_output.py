"""Keeps what libraries write to the process's stdout and stderr away from our own output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path


@contextmanager
def silenced() -> Iterator[None]:
    """What native code and Python print inside goes nowhere; output before and after works as ever."""
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
