"""Progress on stderr: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from bigmodel_cli.cli.epochs import epoch_line
from bigmodel_cli.cli.output import duration, metrics_line, printable
from bigmodel_cli.listener import Listener, Progress, Silent

# Lines of one epoch are this far apart, so that logs of long runs live without flooding.
SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def listening(*, plain: bool, follows: bool = False) -> Iterator[Listener]:
    """The listener that fits where stderr goes.

    Args:
        plain: Lines in any case.
        follows: Whether another process tells the same.
    """
    if follows:
        yield Follower()
        return
    if plain or not sys.stderr.isatty():
        yield Lines()
        return
    from bigmodel_cli.cli.live import Live

    live = Live()
    try:
        yield live
    finally:
        live.close()


class Follower(Silent):
    """Warnings alone: the chief says the rest."""

    def warn(self, message: str) -> None:
        click.echo(f"warning: {printable(message)}", err=True)


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
