"""train.log: everything that listeners were told, with times, and the full text of what went wrong."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bigmodel_cli.listener import Listener, Progress, Silent


class LoggedListener:
    """Passes everything on to listeners and keeps it in a file.

    Until the run's folder exists, lines are kept in memory.

    Args:
        listeners: Those that are told, in this order.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = list(listeners)
        self._path: Path | None = None
        self._waiting: list[str] = []

    @contextmanager
    def also_telling(self, others: Sequence[Listener]) -> Iterator[None]:
        """Tell others too, inside the block."""
        before = self._listeners
        self._listeners = [*before, *others]
        try:
            yield
        finally:
            self._listeners = self._listeners[: len(before)]

    def open(self, path: Path) -> None:
        """From now on, write to `path`."""
        self._path = path
        waiting, self._waiting = self._waiting, []
        self._write("".join(waiting))

    def close(self) -> None:
        """From now on, write nothing."""
        self._path = None

    def note(self, text: str) -> None:
        """Keep a text that is not shown."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        line = f"{stamp} {text}\n"
        if self._path is None:
            self._waiting.append(line)
        else:
            self._write(line)

    def _write(self, text: str) -> None:
        if self._path is None:
            return
        # A full disk is told of where it matters: at the next checkpoint.
        with suppress(OSError), self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)

    def _tell(self, tell: Callable[[Listener], None]) -> None:
        """A terminal that is gone, or a pipe that nobody reads any more, does not end a run."""
        for number, listener in enumerate(self._listeners):
            try:
                tell(listener)
            except OSError as error:
                self._listeners[number] = Silent()
                self.note(f"nobody listens any more: {error}")

    def note_error(self, error: BaseException) -> None:
        """Keep the full text of an error."""
        self.note("".join(traceback.format_exception(error)))

    def say(self, message: str) -> None:
        self.note(message)
        self._tell(lambda one: one.say(message))

    def warn(self, message: str) -> None:
        self.note(f"warning: {message}")
        self._tell(lambda one: one.warn(message))

    def download(self, label: str, done: int, total: int | None) -> None:
        self._tell(lambda one: one.download(label, done, total))

    def progressed(self, progress: Progress) -> None:
        self._tell(lambda one: one.progressed(progress))

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        best = "" if progress.best is None else f" best_epoch={progress.best.epoch}"
        self.note(" ".join(f"{name}={value:.6g}" for name, value in row.items()) + best)
        self._tell(lambda one: one.epoch_ended(progress, row))

    @contextmanager
    def keeping_warnings(self) -> Iterator[None]:
        """Python warnings, which would tear the display, go to the file."""

        def keep(message: Any, category: type[Warning], filename: str, line: int, *_: Any) -> None:
            self.note(f"{category.__name__} at {filename}:{line}: {message}")

        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.showwarning = keep  # type: ignore[assignment]
            yield
