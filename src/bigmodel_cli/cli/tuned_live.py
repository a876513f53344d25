"""A search on a terminal: trials that have ended as lines, below them those that run and the best so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text

from bigmodel_cli.cli.jobs_live import LiveJobs
from bigmodel_cli.cli.output import duration, number, one_line
from bigmodel_cli.cli.tuned_lines import Course, concluding_text

if TYPE_CHECKING:
    from bigmodel_cli.tuning.journal import Journal, Trial
    from bigmodel_cli.workers.job import Told


class Live(LiveJobs):
    """A live display on stderr.

    Args:
        course: What the search has come to so far.
    """

    first: ClassVar[str] = "trial"
    last: ClassVar[str] = "what was drawn"

    def __init__(self, course: Course) -> None:
        self._course = course
        self._trials: dict[int, Trial] = {}
        self._has_head = False
        self._note = ""
        # It draws at once.
        super().__init__()

    def called(self, job: int) -> str:
        return str(job)

    def metric(self) -> str:
        return self._course.metric

    def values(self, job: int) -> Sequence[float]:
        return list(self._trials[job].scores.values())

    def describe(self, job: int) -> str:
        return self._course.describe(self._trials[job])

    def opened(self, journal: Journal) -> None:
        self.line(self._course.opened(journal))
        self.open()

    def began(self, trial: Trial) -> None:
        self._trials[trial.number] = trial
        self.begin(trial.number)

    def told(self, trial: Trial, told: Told) -> None:
        if told.what == "warned" and self._course.is_news(told.values["message"]):
            self.line(f"warning: trial {trial.number}: {one_line(told.values['message'])}", "yellow")
        self.follow(told)

    def ended(self, trial: Trial) -> None:
        self._course.ended()
        self.end(trial.number)
        if not self._has_head:
            self._has_head = True
            self.line(self._course.head(), "bold")
        self.console.print(
            Text(self._course.line(trial, self.console.width), no_wrap=True, overflow="ellipsis")
        )

    def concluding(self, trial: Trial) -> None:
        self._note = concluding_text(trial)

    def status(self) -> Iterator[str]:
        course = self._course
        if self._note:
            yield self._note
            return
        if (best := course.best) is not None and best.score is not None:
            what = course.describe(best)
            yield f"best {one_line(course.metric)} {number(best.score)} (trial {best.number}): {what}"
        left = course.seconds_left()
        yield f"{course.done} of {course.num_trials} trials" + (
            f", about {duration(left)} left" if left else ""
        )
