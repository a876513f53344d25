"""Every error that a user may see, with the exit code that it ends the program with.

BigmodelError            1   a failure inside bigmodel
├── UsageError           2   the command line or the config is wrong
│   └── ConfigError      2   … with every problem and its place
├── DataError            3   the data is wrong or missing
├── GateError            4   a quality gate was missed
└── ResourceError        5   memory, disk or device ran out, another process was lost
    └── DivergedError    5   the loss is not a number any more
Interrupted        130, 143  SIGINT, SIGTERM (129: SIGHUP); like KeyboardInterrupt no Exception
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class BigmodelError(Exception):
    """The base of all errors that are shown as a message, never as a traceback.

    Args:
        message: What was expected, what was found, and where.
        hint: What the user can do about it, as a sentence or a command to paste.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(BigmodelError):
    """The command line or the config asks for something that cannot be."""

    exit_code = 2


class ConfigError(UsageError):
    """The config is wrong.

    Args:
        message: All problems, ready to show.
        problems: The same as JSON objects: path, file, line, column, message, expected, found, suggestion.
    """

    def __init__(
        self, message: str, *, problems: Sequence[dict[str, Any]] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.problems = list(problems)


class DataError(BigmodelError):
    """The data is missing, unreadable, or does not fit what the config says of it."""

    exit_code = 3


class GateError(BigmodelError):
    """A metric missed what `expect` asks of it."""

    exit_code = 4


class ResourceError(BigmodelError):
    """Memory, disk or a device ran out, another process was lost, or training diverged."""

    exit_code = 5


class DivergedError(ResourceError):
    """The loss is not a number any more.

    Args:
        what: Which loss became what, and where.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            f"training diverged: {what}",
            hint="try a smaller learning rate, clipnorm: 1.0 in the optimizer, or "
            "training.on_divergence: rollback; look for huge values in the data",
        )
        self.what = what


class Interrupted(BaseException):
    """A signal ended the work; what can be kept was saved.

    It is no `Exception`, so that nobody who expects a failure takes it for one.

    Args:
        signal_number: The signal, for instance `signal.SIGINT`.
        message: What was saved, and where.
        hint: How to go on.
    """

    def __init__(self, signal_number: int, message: str = "interrupted", *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number
