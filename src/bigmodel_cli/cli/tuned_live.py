"""A search on a terminal: trials that have ended as lines, below them those that run and the best so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from bigmodel_cli.cli.live import can_be_shown, sparkline
from bigmodel_cli.cli.output import duration, number, one_line
from bigmodel_cli.cli.tuned_lines import Course, concluding_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bigmodel_cli.tuning.journal import Journal, Trial
    from bigmodel_cli.workers.job import Told

# As many epochs as a small curve shows.
_EPOCHS = 16
_BAR = 10


class Live:
    """A live display on stderr.

    Args:
        course: What the search has come to so far.
    """

    def __init__(self, course: Course) -> None:
        self._course = course
        self.console = Console(stderr=True, highlight=False)
        self._running: dict[int, Trial] = {}
        self._where: dict[int, str] = {}
        self._has_head = False
        self._note = ""
        self._live = RichLive(
            get_renderable=self._shown, console=self.console, refresh_per_second=4, transient=True
        )

    def close(self) -> None:
        """Take the display away; the lines stay."""
        self._live.stop()

    def opened(self, journal: Journal) -> None:
        self.console.print(Text(self._course.opened(journal)))
        self._live.start()

    def began(self, trial: Trial) -> None:
        self._running[trial.number] = trial
        self._where[trial.number] = "starting"

    def told(self, trial: Trial, told: Told) -> None:
        values = told.values
        if told.what == "warned" and self._course.is_news(values["message"]):
            text = f"warning: trial {trial.number}: {one_line(values['message'])}"
            self.console.print(Text(text, "yellow"))
        elif told.what == "downloading":
            share = (
                f"{values['done'] / values['total']:.0%}" if values["total"] else f"{values['done']:,} bytes"
            )
            self._where[trial.number] = f"{one_line(values['label'])}: {share}"
        elif told.what == "progressed":
            share = (values["epoch"] - 1 + values["step"] / values["num_steps"]) / values["num_epochs"]
            self._where[trial.number] = self._bar(share, f"{values['epoch']}/{values['num_epochs']}")
        elif told.what == "died":
            self.console.print(Text(f"warning: trial {trial.number}: its process is gone", "yellow"))

    def _bar(self, share: float, text: str) -> str:
        full, empty = ("━", "╌") if can_be_shown(self.console) else ("#", "-")
        done = round(_BAR * min(1.0, share))
        return f"{full * done}{empty * (_BAR - done)} {text}"

    def ended(self, trial: Trial) -> None:
        self._course.ended()
        self._running.pop(trial.number, None)
        if not self._has_head:
            self._has_head = True
            self.console.print(Text(self._course.head(), "bold"))
        self.console.print(
            Text(self._course.line(trial, self.console.width), no_wrap=True, overflow="ellipsis")
        )

    def concluding(self, trial: Trial) -> None:
        self._note = concluding_text(trial)

    def _shown(self) -> RenderableType:
        parts: list[Any] = [self._table()] if self._running else []
        return Group(
            *parts, *(Text(line, "dim", no_wrap=True, overflow="ellipsis") for line in self._status())
        )

    def _table(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", expand=True)
        table.add_column("trial", justify="right", no_wrap=True)
        table.add_column("epoch", no_wrap=True)
        table.add_column(Text(one_line(self._course.metric)), no_wrap=True)
        table.add_column("what was drawn", ratio=1, no_wrap=True, overflow="ellipsis")
        for trial in list(self._running.values()):
            scores = list(trial.scores.values())
            curve = f"{sparkline(scores[-_EPOCHS:])} " if can_be_shown(self.console) else ""
            table.add_row(
                str(trial.number),
                Text(self._where.get(trial.number, "")),
                Text(f"{curve}{number(scores[-1])}" if scores else ""),
                Text(self._course.describe(trial)),
            )
        return table

    def _status(self) -> Iterator[str]:
        """What matters most first: a narrow terminal cuts the end of a line."""
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
