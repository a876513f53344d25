"""The live display of a terminal: a bar for the running epoch, and how the run goes as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

from bigmodel_cli.byte_sizes import byte_size
from bigmodel_cli.cli.epochs import NARROWEST, EpochTable, epoch_line, metrics_in
from bigmodel_cli.cli.output import duration, metrics_line, number, one_line, printable
from bigmodel_cli.listener import Best, Progress

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import TaskID

_HEIGHTS = "▁▂▃▄▅▆▇█"
# As many epochs as the small curve shows; of more, the last ones.
_EPOCHS = 30
# After at least so many epochs the names stand above them again.
_SHORTEST = 10


class Live:
    """A bar for the running epoch below the lines of those that are done."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self._bars: _BarsAndStatus | None = None
        self._tasks: dict[str, TaskID] = {}
        self._losses: list[float] = []
        self._best: Best | None = None
        self._memory = math.nan
        self._table: EpochTable | None = None
        self._rows = 0

    def _bar(self) -> _BarsAndStatus:
        if self._bars is None:
            self._bars = _BarsAndStatus(self.console)
            self._bars.start()
        return self._bars

    def close(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._tasks.clear()

    def say(self, message: str) -> None:
        self.console.print(printable(message), markup=False)

    def warn(self, message: str) -> None:
        self.console.print(f"warning: {printable(message)}", style="yellow", markup=False)

    def _update(self, key: str, description: str, done: int, total: int | None) -> None:
        bars = self._bar()
        if key not in self._tasks:
            self._tasks[key] = bars.add_task(description, total=total)
        bars.update(self._tasks[key], description=description, completed=done, total=total)

    def download(self, label: str, done: int, total: int | None) -> None:
        self._update(label, printable(label), done, total)
        if total is not None and done >= total:
            self.close()

    def progressed(self, progress: Progress) -> None:
        left = f", {duration(progress.seconds_left)} left" if progress.seconds_left else ""
        description = (
            f"epoch {progress.epoch}/{progress.num_epochs}{left}, {metrics_line(progress.values)}, "
            f"{progress.examples_per_second:,.0f} examples/s, step {progress.step}/{progress.num_steps}"
        )
        self._update("epoch", description, progress.step, progress.num_steps)

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        self._print_epoch(progress, row)
        self._losses.append(row.get("val_loss", row["loss"]))
        self._best = progress.best or self._best
        self._memory = row.get("memory_mb", math.nan)
        if progress.is_last:
            self.close()
        else:
            self._bar().status = self._status(is_validated="val_loss" in row)

    def _print_epoch(self, progress: Progress, row: Mapping[str, float]) -> None:
        """A row of the table; its head stands above the first one, and again where it has left the screen."""
        if self.console.width < NARROWEST:
            self.console.print(Text(epoch_line(progress, row)))
            return
        if self._table is None or self._rows >= max(_SHORTEST, self.console.height - 4):
            self._table = EpochTable([*metrics_in(row)], progress.num_epochs, self.console.width)
            self._rows = 0
            for line in self._table.head():
                self.console.print(Text(line, style="bold"))
        self._rows += 1
        self.console.print(Text(self._table.line(progress, row)))

    def _status(self, *, is_validated: bool) -> str:
        """The run so far in a line, what matters most first: a narrow terminal cuts its end."""
        parts = []
        if self._best is not None:
            parts.append(
                f"best {one_line(self._best.monitor)} {number(self._best.value)} (epoch {self._best.epoch})"
            )
        name = "val_loss" if is_validated else "loss"
        curve = f"{sparkline(self._losses[-_EPOCHS:])} " if can_be_shown(self.console) else ""
        parts.append(f"{name} {curve}{number(self._losses[-1])}")
        if math.isfinite(self._memory):
            parts.append(f"memory {byte_size(1e6 * self._memory)}")
        return ", ".join(parts)


class _BarsAndStatus(Bars):
    """Progress bars with a line above them.

    Attributes:
        status: The line; empty for none.
    """

    def __init__(self, console: Console) -> None:
        self.status = ""
        # On a narrow terminal the end of the text is cut, so that what matters most comes first.
        super().__init__(
            TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
            BarColumn(bar_width=12),
            TaskProgressColumn(),
            console=console,
            expand=True,
            transient=True,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        if self.status:
            yield Text(self.status, style="dim", no_wrap=True, overflow="ellipsis")
        yield self.make_tasks_table(self.tasks)


def sparkline(values: Sequence[float]) -> str:
    """A curve of one line: `█▅▃▂▁`; where a value is no number, a space.

    Args:
        values: From left to right.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    scale = (len(_HEIGHTS) - 1) / (high - low) if high > low else 0.0
    return "".join(
        _HEIGHTS[round((value - low) * scale)] if math.isfinite(value) else " " for value in values
    )


def can_be_shown(console: Console) -> bool:
    """Whether what is drawn with letters can be shown."""
    return console.encoding.lower().replace("-", "") == "utf8"
