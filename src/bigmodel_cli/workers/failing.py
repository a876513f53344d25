"""Jobs that come to nothing: of whom the process is gone again and again, and what an error was."""

from __future__ import annotations

import signal
from collections import Counter

from bigmodel_cli.errors import BigmodelError, ConfigError, DataError, ResourceError, UsageError
from bigmodel_cli.workers.job import Told

# A process that ends so often without an epoch in between will never get further.
_MANY_DEATHS = 3
_ERRORS: dict[str, type[BigmodelError]] = {
    one.__name__: one for one in (ConfigError, UsageError, DataError, ResourceError)
}


class Deaths:
    """How often processes ended in the midst of each job."""

    def __init__(self) -> None:
        self._deaths: Counter[int] = Counter()

    def got_further(self, number: int) -> None:
        """A job has done an epoch."""
        self._deaths[number] = 0

    def why_hopeless(self, told: Told) -> str | None:
        """Count an end: a process that is gone takes a part of an epoch with it, and another one goes on.

        Returns:
            Why none need try again; None: one shall.
        """
        self._deaths[told.number] += 1
        if self._deaths[told.number] < _MANY_DEATHS:
            return None
        return f"its process ended {_MANY_DEATHS} times in the same epoch, {_status(told)}"


def why_failed(told: Told) -> str | None:
    """Why a job came to nothing, a sentence; None where it did not, or is not at its end."""
    if told.what == "failed":
        return str(told.values["message"])
    if told.what == "died":
        return f"its process ended {_status(told)}"
    return "a signal ended its process" if told.what == "interrupted" else None


def _status(told: Told) -> str:
    status = told.values.get("status")
    killed = " (killed, as Linux does where memory runs out)" if status == -signal.SIGKILL else ""
    return f"with status {status}{killed}"


def error_called(kind: str) -> type[BigmodelError]:
    """The class of an error by the `kind` that a worker tells; what has no other exit code ran out."""
    return _ERRORS.get(kind, ResourceError)
