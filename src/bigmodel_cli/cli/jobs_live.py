"""Runs that workers train, on a terminal: a row for each that runs, below lines of those that are done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich import box
from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from bigmodel_cli.cli.live import can_be_shown, sparkline
from bigmodel_cli.cli.output import number, one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from bigmodel_cli.workers.job import Told

# As many epochs as a small curve shows.
_EPOCHS = 16
_BAR = 10


class LiveJobs(ABC):
    """A live display on stderr of what runs; a subclass says what the runs are.

    Attributes:
        first: What a run is called by, above its number.
        last: What stands above what is told of it.
        console: Where it is shown.
        running: The numbers of the runs, in the order in which they began.
    """

    first: ClassVar[str]
    last: ClassVar[str]

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.running: list[int] = []
        self._where: dict[int, str] = {}
        self._live = RichLive(
            get_renderable=self.shown, console=self.console, refresh_per_second=4, transient=True
        )

    @abstractmethod
    def called(self, job: int) -> str:
        """What a run is called."""

    @abstractmethod
    def metric(self) -> str:
        """The metric that is shown of each epoch."""

    @abstractmethod
    def values(self, job: int) -> Sequence[float]:
        """It after each epoch of a run so far."""

    @abstractmethod
    def describe(self, job: int) -> str:
        """What else there is to say of a run."""

    @abstractmethod
    def status(self) -> Iterator[str]:
        """Lines below the runs, what matters most first: a narrow terminal cuts the end of a line."""

    def open(self) -> None:
        """Begin to show what runs."""
        self._live.start()

    def close(self) -> None:
        """Take the display away; the lines stay."""
        self._live.stop()

    def line(self, text: str, style: str = "") -> None:
        """A line that stays, above what runs."""
        self.console.print(Text(text, style))

    def begin(self, job: int) -> None:
        """A run is trained, or gone on with."""
        self._where[job] = "starting"
        if job not in self.running:
            self.running.append(job)

    def end(self, job: int) -> None:
        """It is complete."""
        if job in self.running:
            self.running.remove(job)

    def follow(self, told: Told) -> None:
        """Where a run is, by what its worker tells."""
        values, where = told.values, self._where
        if told.what == "downloading":
            total, done = values["total"], values["done"]
            share = f"{done / total:.0%}" if total else f"{done:,} bytes"
            where[told.number] = f"{one_line(values['label'])}: {share}"
        elif told.what == "progressed":
            share = (values["epoch"] - 1 + values["step"] / values["num_steps"]) / values["num_epochs"]
            where[told.number] = self._bar(share, f"{values['epoch']}/{values['num_epochs']}")
        elif told.what == "measured" and values["is_last"]:
            where[told.number] = "evaluating"
        elif told.what == "died":
            what = f"warning: {self.first} {self.called(told.number)}: its process is gone"
            self.line(what, "yellow")

    def _bar(self, share: float, text: str) -> str:
        full, empty = ("━", "╌") if can_be_shown(self.console) else ("#", "-")
        done = round(_BAR * min(1.0, share))
        return f"{full * done}{empty * (_BAR - done)} {text}"

    def shown(self) -> RenderableType:
        """The display as it is now."""
        parts: list[Any] = [self._table()] if self.running else []
        lines = (Text(line, "dim", no_wrap=True, overflow="ellipsis") for line in self.status())
        return Group(*parts, *lines)

    def _table(self) -> Table:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", expand=True)
        table.add_column(self.first, justify="right", no_wrap=True)
        table.add_column("epoch", no_wrap=True)
        table.add_column(Text(one_line(self.metric())), no_wrap=True)
        table.add_column(self.last, ratio=1, no_wrap=True, overflow="ellipsis")
        # Another thread draws.
        for job in list(self.running):
            values = list(self.values(job))
            curve = f"{sparkline(values[-_EPOCHS:])} " if can_be_shown(self.console) else ""
            table.add_row(
                Text(self.called(job)),
                Text(self._where.get(job, "")),
                Text(f"{curve}{number(values[-1])}" if values else ""),
                Text(self.describe(job)),
            )
        return table
