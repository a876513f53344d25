"""How long a trial is trained that does not end early: epochs, or as many as fit into a time."""

from __future__ import annotations

from dataclasses import dataclass

from bigmodel_cli.config.schema import AS_MANY_AS_FIT
from bigmodel_cli.config.tune import parse_time
from bigmodel_cli.tuning.journal import STOPPED, Trial


@dataclass(frozen=True)
class Length:
    """How long a trial is trained that does not end early.

    Attributes:
        epochs: How many at most.
        time: The limit of its time, as the config has it; None where there is none.
    """

    epochs: int
    time: str | None = None

    @property
    def seconds(self) -> float | None:
        """The time by which a trial is measured; None where its epochs are counted."""
        is_by_time = self.time is not None and self.epochs == AS_MANY_AS_FIT
        return parse_time(self.time) if is_by_time and self.time is not None else None

    def share_after(self, trial: Trial, epoch: int, seconds: float) -> float | None:
        """The share of its time that a trial has had with an epoch; None where its epochs are counted.

        Args:
            trial: With the shares of its earlier epochs.
            epoch: From 1.
            seconds: That the epoch took.
        """
        if self.seconds is None:
            return None
        return round(trial.shares.get(epoch - 1, 0.0) + seconds / self.seconds, 4)

    def planned(self, trial: Trial) -> int:
        """Epochs that a trial that has ended was to have; where a time says it, about so many."""
        trained = len(trial.scores)
        if self.seconds is None:
            return self.epochs
        share = max(trial.shares.values(), default=0.0)
        return round(trained / min(1.0, share)) if trial.status == STOPPED and share > 0 else trained

    def __str__(self) -> str:
        return f"{self.epochs} epochs" if self.seconds is None else str(self.time)
