"""Who is told how a search goes."""

from __future__ import annotations

from typing import Protocol

from bigmodel_cli.tuning.journal import Journal, Trial
from bigmodel_cli.workers.job import Told


class Watcher(Protocol):
    """Is told how a search goes."""

    def opened(self, journal: Journal) -> None:
        """The search begins, or goes on with the trials of a journal, which is kept up to date."""

    def began(self, trial: Trial) -> None:
        """A trial has begun, or goes on."""

    def told(self, trial: Trial, told: Told) -> None:
        """What the worker of a trial tells."""

    def ended(self, trial: Trial) -> None:
        """A trial has ended."""

    def concluding(self, trial: Trial) -> None:
        """All have ended, and the best one is evaluated, exported and drawn."""
