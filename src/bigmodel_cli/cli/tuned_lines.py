"""How a search goes, in lines: one for each trial that has ended, below one another under a head."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from bigmodel_cli.cli import progress
from bigmodel_cli.cli.output import duration, label, note, number, one_line
from bigmodel_cli.cut import cut
from bigmodel_cli.tuning.length import Length
from bigmodel_cli.tuning.summary import planned_epochs

if TYPE_CHECKING:
    from bigmodel_cli.tuning.journal import Journal, Trial
    from bigmodel_cli.tuning.summary import Key
    from bigmodel_cli.workers.job import Told

WIDTH = 80
_GAP = "  "
# Room for `-0.0123` and a star.
_SCORE = 9
# So many epochs have room in a column where nobody knows how many fit.
_FITTING = 999


@dataclass
class Course:
    """What is the same on a terminal and elsewhere: what a search has come to so far, in words.

    Attributes:
        keys: What is searched.
        length: Of a trial that does not end early.
        num_trials: As many as there are to be.
        seconds: The budget of time; None where there is none.
        journal: Its trials.
        best: The best so far. It and what follows change only when a trial has ended, so that a display that
            another thread draws may look at them.
        done: How many have ended, in earlier sessions too.
    """

    keys: tuple[Key, ...]
    length: Length
    num_trials: int
    seconds: float | None = None
    journal: Journal | None = None
    best: Trial | None = None
    done: int = 0
    _began: float = field(default_factory=time.monotonic)
    _ended: int = 0
    _warned: set[str] = field(default_factory=set)

    def opened(self, journal: Journal) -> str:
        """The search in a sentence, before its first trial."""
        self.journal, self._began = journal, time.monotonic()
        self.best = next(iter(journal.ranked), None)
        self.done = sum(trial.has_ended for trial in journal.trials.values())
        names = ", ".join(one_line(key.short) for key in self.keys)
        going_on = f", {self.done} of them done already" if self.done else ""
        return f"{self.num_trials} trials of up to {self.length}{going_on}; searched: {names}"

    @property
    def metric(self) -> str:
        """What trials are compared by."""
        metric = None if self.journal is None else self.journal.metric
        return "score" if metric is None else metric.column

    def ended(self) -> None:
        """A trial has ended."""
        assert self.journal is not None
        self._ended, self.done = self._ended + 1, self.done + 1
        self.best = next(iter(self.journal.ranked), None)

    def head(self) -> str:
        cells = ["trial".rjust(self._wide), self.metric.rjust(self._score), "epochs".rjust(self._epochs)]
        return _GAP.join([*cells, "time".rjust(7), "what was drawn"])

    def line(self, trial: Trial, width: int) -> str:
        """A trial that has ended; the best so far has a star, what has no room is in its config."""
        best, is_failed = self.best, trial.score is None
        star = "*" if best is not None and best.number == trial.number else " "
        score = "failed " if trial.score is None else number(trial.score) + star
        trained, planned = len(trial.scores), planned_epochs(self.keys, trial, self.length)
        epochs = f"{trained} of {planned}" if trained < planned else str(trained)
        what = one_line((trial.reason or "").replace("\n", " ")) if is_failed else self.describe(trial)
        cells = [
            f"{trial.number}/{self.num_trials}".rjust(self._wide),
            score.rjust(self._score),
            epochs.rjust(self._epochs),
            (duration(trial.seconds) if trial.seconds else "").rjust(7),
        ]
        head = _GAP.join(cells) + _GAP
        return head + cut(what, max(8, width - len(head)))

    def describe(self, trial: Trial) -> str:
        """What was drawn."""
        values = ((key, trial.point[key.name]) for key in self.keys if key.name in trial.point)
        return " ".join(f"{one_line(key.short)}={one_line(key.text(value))}" for key, value in values)

    @property
    def _wide(self) -> int:
        return max(len("trial"), 2 * len(str(self.num_trials)) + 1)

    @property
    def _score(self) -> int:
        return max(_SCORE, len(self.metric))

    @property
    def _epochs(self) -> int:
        most = _FITTING if self.length.seconds is not None else self.length.epochs
        return max(len("epochs"), 2 * len(str(most)) + len(" of "))

    def seconds_left(self) -> float | None:
        """About how long the rest takes, by the trials that this process has seen to their end."""
        if self.journal is None or not self._ended:
            return None
        elapsed = time.monotonic() - self._began
        rest = elapsed / self._ended * (self.num_trials - self.done)
        return rest if self.seconds is None else min(rest, max(0.0, self.seconds - self.journal.seconds))

    def is_news(self, message: str) -> bool:
        """Whether a warning is said for the first time; trials differ in the numbers in it."""
        gist = re.sub(r"[0-9][0-9.,]*", "#", message)
        is_news = gist not in self._warned
        self._warned.add(gist)
        return is_news


class Lines(progress.Lines):
    """Plain lines on stderr.

    Args:
        told: What the search has come to so far.
    """

    def __init__(self, told: Course) -> None:
        super().__init__()
        self._told = told
        self._has_head = False

    def opened(self, journal: Journal) -> None:
        note(self._told.opened(journal))

    def began(self, trial: Trial) -> None:
        pass

    def told(self, trial: Trial, told: Told) -> None:
        if told.what == "warned" and self._told.is_news(told.values["message"]):
            warn_of(trial, told.values["message"])
        elif told.what == "downloading":
            self.download(**told.values)
        elif told.what == "died":
            warn_of(trial, "its process is gone; it goes on in another one")

    def ended(self, trial: Trial) -> None:
        self._told.ended()
        if not self._has_head:
            self._has_head = True
            click.echo(self._told.head(), err=True)
        click.echo(self._told.line(trial, WIDTH), err=True)

    def concluding(self, trial: Trial) -> None:
        note(concluding_text(trial))


def concluding_text(trial: Trial) -> str:
    return f"evaluating the best one, trial {trial.number}, once"


def warn_of(trial: Trial, message: str) -> None:
    """A warning with the trial that it is of."""
    click.echo(f"{label('warning:', 'yellow')} trial {trial.number}: {one_line(message)}", err=True)
