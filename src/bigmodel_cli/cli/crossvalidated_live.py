"""A cross-validation on a terminal: folds that are complete as lines, below them those that are trained."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from bigmodel_cli.cli.crossvalidated import Complete
from bigmodel_cli.cli.jobs_live import LiveJobs
from bigmodel_cli.cli.output import duration, metrics_line, one_line, printable

if TYPE_CHECKING:
    from bigmodel_cli.config.schema import Fold
    from bigmodel_cli.crossvalidation.folder import CrossvalFolder
    from bigmodel_cli.listener import Progress
    from bigmodel_cli.workers.job import Told

_LOSS = "loss"


class LiveFolds(LiveJobs):
    """A live display on stderr.

    Args:
        folder: Of the cross-validation.
    """

    first: ClassVar[str] = "fold"
    last: ClassVar[str] = "the last epoch"

    def __init__(self, folder: CrossvalFolder) -> None:
        self._complete = Complete(folder)
        self._folds: dict[int, Fold] = {}
        self._rows: dict[int, list[Mapping[str, float]]] = {}
        self._metric = _LOSS
        self._note = ""
        self._began, self._ended = time.monotonic(), 0
        self._num_folds = self._num_done = 0
        # It draws at once.
        super().__init__()

    def called(self, job: int) -> str:
        fold = self._folds[job]
        return f"{fold.repeat}-{fold.number:02d}"

    def metric(self) -> str:
        return self._metric

    def values(self, job: int) -> Sequence[float]:
        return [row[self._metric] for row in self._rows[job] if self._metric in row]

    def describe(self, job: int) -> str:
        rows = self._rows[job]
        return one_line(metrics_line(_scores(rows[-1]))) if rows else ""

    def opened(self, num_folds: int, num_done: int) -> None:
        self._num_folds, self._num_done, self._note = num_folds, num_done, ""
        self._began = time.monotonic()
        self.open()

    def began(self, fold: Fold, number: int) -> None:
        self._folds[number] = fold
        # What goes on tells its epochs from here on.
        self._rows[number] = []
        self.begin(number)

    def told(self, fold: Fold, told: Told) -> None:
        if told.what == "measured":
            row = told.values["row"]
            self._metric = told.values["monitor"] or next(
                (name for name in (f"val_{_LOSS}", _LOSS) if name in row), self._metric
            )
            self._rows[told.number].append(row)
        self.follow(told)

    def ended(self, fold: Fold, number: int) -> None:
        self._ended, self._num_done = self._ended + 1, self._num_done + 1
        self.end(number)
        self.line(printable(self._complete.line(fold)))

    def say(self, message: str) -> None:
        self.line(printable(message))

    def warn(self, message: str) -> None:
        self.line(f"warning: {printable(message)}", "yellow")

    def download(self, label: str, done: int, total: int | None) -> None:
        share = f"{done / total:.0%}" if total else f"{done:,} bytes"
        self._note = f"{one_line(label)}: {share}"
        self.open()

    def progressed(self, progress: Progress) -> None:
        pass

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        pass

    def status(self) -> Iterator[str]:
        if self._note:
            yield self._note
        if not self._num_folds:
            return
        if mean := self._complete.mean():
            yield f"mean so far: {one_line(metrics_line(mean))}"
        left = (time.monotonic() - self._began) / max(1, self._ended) * (self._num_folds - self._num_done)
        yield f"{self._num_done} of {self._num_folds} folds" + (
            f", about {duration(left)} left" if self._ended and left else ""
        )


def _scores(row: Mapping[str, float]) -> dict[str, float]:
    """What was measured on the validation split, or on that of training where there is none."""
    measured = {name: value for name, value in row.items() if name.startswith("val_")}
    return measured or {_LOSS: row[_LOSS]}
