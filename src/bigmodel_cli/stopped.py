"""What ended training before its last epoch: a callback, a search or a limit of time, and why it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

# What ends training that is no callback.
SEARCH = "the search"
TIME = "the time limit"


@dataclass(frozen=True)
class Stopped:
    """What ended training.

    Attributes:
        callback: A callback's class, for instance `EarlyStopping`; `a callback` where that is not known;
            `the search` that a run was a trial of; `the time limit`.
        epoch: The epoch after which training ended, from 1.
        num_epochs: Epochs that there were to be.
        monitor: The column that it watched; None where it watched none.
        best: The best value that it saw; None where there was none.
        best_epoch: In which epoch that was, from 1.
        waited: For how many epochs it then waited.
        min_delta: What counts as better, at least.
        baseline: What was to be reached; None where nothing was, or it was.
        why: The reason in words, of what is no callback.
    """

    callback: str
    epoch: int
    num_epochs: int
    monitor: str | None = None
    best: float | None = None
    best_epoch: int | None = None
    waited: int | None = None
    min_delta: float = 0.0
    baseline: float | None = None
    why: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As run.json has it under `stopped`."""
        return asdict(self)

    def __str__(self) -> str:
        reason = self._reason()
        where = f"{self.callback} after epoch {self.epoch} of {self.num_epochs}"
        return f"{where}: {reason}" if reason else where

    def _reason(self) -> str:
        if self.why is not None:
            return self.why
        if self.monitor is None or self.waited is None:
            return ""
        epochs = f"{self.waited} epoch{'s' * (self.waited != 1)}"
        if self.baseline is not None:
            best = "" if self.best is None else f"; the best was {self.best:.4g} in epoch {self.best_epoch}"
            return f"{self.monitor} did not reach {self.baseline:g} in {epochs}{best}"
        if self.best is None:
            return f"{self.monitor} was no number for {epochs}"
        margin = f"by {self.min_delta:g} " if self.min_delta else ""
        best = f"{self.best:.4g} (epoch {self.best_epoch})"
        return f"{self.monitor} was not better {margin}than {best} for {epochs}"


def read_stopped(document: Mapping[str, Any] | None) -> Stopped | None:
    """What a record says of it, whatever a later version has added; None where nothing ended training."""
    if document is None:
        return None
    known = {field.name for field in fields(Stopped)}
    return Stopped(**{key: value for key, value in document.items() if key in known})
