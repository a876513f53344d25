"""What a search takes on disk: of trials that are not among the best the weights go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.byte_sizes import byte_size
from bigmodel_cli.run_removal import remove_weights
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.journal import Journal

_WHY_REMOVED = "it was not among the best trials of its search"
# A checkpoint has weights and two moments of each (Adam); there are the best, the last, and one half written.
_BYTES_PER_PARAMETER = 4 * 3 * 3


@dataclass(frozen=True)
class Disk:
    """What a search may take.

    Attributes:
        folder: Of the search.
        keep: Of how many of the best trials the weights stay.
        budget: Bytes; None: any number.
    """

    folder: SearchFolder
    keep: int
    budget: int | None

    def tidy(self, journal: Journal, keep: int | None = None) -> None:
        """Remove the weights of trials that have ended and are not among the best."""
        best = {trial.number for trial in journal.ranked[: self.keep if keep is None else keep]}
        for trial in journal.trials.values():
            if trial.has_ended and trial.number not in best:
                remove_weights(self.folder.run(trial.number), _WHY_REMOVED)

    def room_for(self, number: int, journal: Journal) -> str | None:
        """Make room for the checkpoints of a trial that has begun.

        Returns:
            Why there is none, whatever else of the search is removed but its best weights; else None.
        """
        if self.budget is None:
            return None
        needed = self.folder.run(number).read_record()["parameters"] * _BYTES_PER_PARAMETER
        for keep in range(self.keep, 0, -1):
            self.tidy(journal, keep)
            used = bytes_in(self.folder.path)
            if used + needed <= self.budget:
                return None
        return (
            f"its checkpoints need about {byte_size(needed)}, and the search has taken {byte_size(used)} "
            f"of the {byte_size(self.budget)} of tune.budget.disk"
        )


def bytes_in(folder: Path) -> int:
    """What the files in a folder take."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            # A worker has renamed or removed it.
            continue
    return total
