"""Progress on stderr: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli.output import duration, metrics_line, number, printable
from bigmodel_cli.listener import Listener, Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

# Lines of one epoch are this far apart, so that logs of long runs live without flooding.
SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def listening(*, plain: bool) -> Iterator[Listener]:
    """The listener that fits where stderr goes."""
    if plain or not sys.stderr.isatty():
        yield Lines()
        return
    live = Live()
    try:
        yield live
    finally:
        live.close()


def epoch_line(progress: Progress, row: Mapping[str, float]) -> str:
    """One complete epoch as a line."""
    shown = {name: value for name, value in row.items() if name not in _NOT_METRICS}
    rate = row["examples_per_second"]
    return (
        f"epoch {progress.epoch}/{progress.num_epochs}: {metrics_line(shown)}, "
        f"learning rate {number(row['learning_rate'])}, {rate:,.0f} examples/s"
    )


_NOT_METRICS = ("epoch", "seconds", "examples_per_second", "learning_rate")


class Lines:
    """Plain lines."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._downloads: dict[str, int] = {}

    def say(self, message: str) -> None:
        click.echo(printable(message), err=True)

    def warn(self, message: str) -> None:
        click.echo(f"warning: {printable(message)}", err=True)

    def download(self, label: str, done: int, total: int | None) -> None:
        tenth = 10 * done // total if total else 0
        if self._downloads.get(label) != tenth:
            self._downloads[label] = tenth
            share = f"{10 * tenth}%" if total else f"{done:,} bytes"
            click.echo(f"{printable(label)}: {share}", err=True)

    def progressed(self, progress: Progress) -> None:
        if time.monotonic() - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = time.monotonic()
        left = f", {duration(progress.seconds_left)} left" if progress.seconds_left else ""
        click.echo(
            f"epoch {progress.epoch}/{progress.num_epochs}: step {progress.step}/{progress.num_steps}, "
            f"{metrics_line(progress.values)}, {progress.examples_per_second:,.0f} examples/s{left}",
            err=True,
        )

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        self._last = time.monotonic()
        left = f", {duration(progress.seconds_left)} left" if progress.seconds_left else ""
        click.echo(epoch_line(progress, row) + left, err=True)


class Live:
    """A bar for the running epoch below the lines of those that are done."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console: Console = Console(stderr=True, highlight=False)
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}

    def _bar(self) -> Bars:
        if self._bars is None:
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn
            from rich.progress import Progress as Bars
            from rich.table import Column

            # On a narrow terminal the end of the text is cut, so that what matters most comes first.
            self._bars = Bars(
                TextColumn("{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True)),
                BarColumn(bar_width=12),
                TaskProgressColumn(),
                console=self.console,
                expand=True,
                transient=True,
            )
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
        self.console.print(epoch_line(progress, row), markup=False)
        if progress.epoch == progress.num_epochs:
            self.close()
