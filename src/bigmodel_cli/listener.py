"""What training tells while it goes on: to a live display, to plain lines, or to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Best:
    """The best epoch so far.

    Attributes:
        epoch: From 1.
        monitor: What decides.
        value: What it was.
    """

    epoch: int
    monitor: str
    value: float


@dataclass(frozen=True)
class Progress:
    """Where an epoch stands.

    Attributes:
        epoch: From 1.
        num_epochs: Epochs of the whole run.
        step: Steps of this epoch that are done.
        num_steps: Steps of one epoch.
        examples_per_second: Since the epoch began.
        seconds_left: Estimated time to the end of the run.
        values: Loss and metrics so far.
        best: The best epoch so far, where an epoch has just ended and something decides.
        is_last: Whether training has ended with this epoch, be it by a callback.
    """

    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    examples_per_second: float
    seconds_left: float | None
    values: Mapping[str, float]
    best: Best | None = None
    is_last: bool = False

    @property
    def is_best(self) -> bool:
        """Whether the epoch that has just ended is the best so far."""
        return self.best is not None and self.best.epoch == self.epoch


class Listener(Protocol):
    """Takes what training tells."""

    def say(self, message: str) -> None:
        """A sentence that the user should read."""

    def warn(self, message: str) -> None:
        """A sentence about something that may not be meant."""

    def download(self, label: str, done: int, total: int | None) -> None:
        """A file on its way: bytes or files done, and their total."""

    def progressed(self, progress: Progress) -> None:
        """Some steps are done."""

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        """An epoch is done; `row` is its row of metrics.csv."""


class Silent:
    """A listener that nobody reads."""

    def say(self, message: str) -> None:
        pass

    def warn(self, message: str) -> None:
        pass

    def download(self, label: str, done: int, total: int | None) -> None:
        pass

    def progressed(self, progress: Progress) -> None:
        pass

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        pass
