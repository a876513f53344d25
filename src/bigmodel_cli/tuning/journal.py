"""What happened in a search: an event in a line, written before it counts.

Trials are what the events add up to. A search that goes on reads them and knows what the one before it knew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigmodel_cli.config.space import Point
from bigmodel_cli.errors import DataError
from bigmodel_cli.whole_files import naming_target, write_text

RUNNING, COMPLETED, STOPPED, FAILED = "running", "completed", "stopped early", "failed"


@dataclass(frozen=True)
class Metric:
    """What trials are compared by.

    Attributes:
        column: Of metrics.csv.
        is_max: Whether larger values are better.
    """

    column: str
    is_max: bool

    def best(self, scores: Iterable[float]) -> float:
        return max(scores) if self.is_max else min(scores)

    def is_better(self, score: float, other: float) -> bool:
        return score > other if self.is_max else score < other


@dataclass
class Trial:
    """One point of the space and what it came to.

    Attributes:
        number: From 1, in the order in which they began.
        point: What was drawn.
        words: The same as words of the command line.
        scores: The metric after each epoch that is done, by epoch from 1.
        shares: Of its time that it has had with each epoch; empty where epochs are counted.
        status: running (or cut off), completed, stopped early by the search, failed.
        score: The metric of the epoch whose weights are the best; None where there is none.
        epoch: Which epoch that was.
        reason: Why it ended early, or what it failed by.
        kind: Of the error that it failed by.
        seconds: Of training, over all sessions.
    """

    number: int
    point: Point
    words: tuple[str, ...]
    scores: dict[int, float] = field(default_factory=dict)
    shares: dict[int, float] = field(default_factory=dict)
    status: str = RUNNING
    score: float | None = None
    epoch: int | None = None
    reason: str | None = None
    kind: str | None = None
    seconds: float = 0.0

    @property
    def has_ended(self) -> bool:
        return self.status != RUNNING

    @property
    def failed(self) -> bool:
        return self.status == FAILED


class Journal:
    """The events of a search and the trials that they add up to.

    Args:
        path: The file; it need not be there yet.
        is_ours: Whether nobody else writes it. Who only looks may find that a line is being written.

    Attributes:
        trials: By number.
        metric: What they are compared by; None before the first epoch of the first one.
        seconds: That the search has taken, over all its sessions, until a trial ended last.

    Raises:
        DataError: If it is damaged otherwise than by a process that was killed while it wrote.
    """

    def __init__(self, path: Path, *, is_ours: bool = True) -> None:
        self.path = path
        self.trials: dict[int, Trial] = {}
        self.metric: Metric | None = None
        self.seconds = 0.0
        self._read(is_ours=is_ours)

    def compare_by(self, metric: Metric) -> None:
        """Which column counts is known with the first epoch of the first trial."""
        self._add({"event": "metric", "column": metric.column, "is_max": metric.is_max})

    @property
    def ranked(self) -> list[Trial]:
        """Trials that have ended with a score, the best first; of equals the earlier one."""
        if self.metric is None:
            return []
        sign = -1 if self.metric.is_max else 1
        scored = [(sign * trial.score, trial) for trial in self.trials.values() if trial.score is not None]
        return [trial for _, trial in sorted(scored, key=lambda pair: (pair[0], pair[1].number))]

    def begin(self, number: int, point: Point, words: tuple[str, ...]) -> Trial:
        """A trial has a point from now on."""
        self._add({"event": "begin", "trial": number, "point": point, "words": list(words)})
        return self.trials[number]

    def epoch(self, number: int, epoch: int, score: float, share: float | None = None) -> None:
        """An epoch of a trial is done; after a kill one may be done again, and comes to the same.

        Args:
            number: Of the trial.
            epoch: From 1.
            score: The metric.
            share: Of its time that the trial has had; None where epochs are counted.
        """
        if epoch not in self.trials[number].scores:
            of_time = {} if share is None else {"share": share}
            self._add({"event": "epoch", "trial": number, "epoch": epoch, "score": score, **of_time})

    def end(self, number: int, status: str, *, elapsed: float, **values: Any) -> None:
        """A trial has ended, so many seconds after the search began."""
        self._add({"event": "end", "trial": number, "status": status, "elapsed": elapsed, **values})

    def _add(self, event: Mapping[str, Any]) -> None:
        self._count(event)
        with naming_target(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, *, is_ours: bool) -> None:
        if not self.path.exists():
            return
        text = self.path.read_text("utf-8")
        whole, _, torn = text.rpartition("\n")
        if torn and is_ours:
            # A process was killed while it wrote: what was written does not count.
            write_text(self.path, f"{whole}\n" if whole else "")
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                self._count(json.loads(line))
            except (ValueError, KeyError, TypeError):
                raise DataError(
                    f"{self.path}:{number}: damaged",
                    hint="remove this line and all behind it; trials that end there are trained again",
                ) from None

    def _count(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "metric":
            self.metric = Metric(event["column"], event["is_max"])
            return
        number = event["trial"]
        if event["event"] == "begin":
            self.trials[number] = Trial(number, dict(event["point"]), tuple(event["words"]))
            return
        trial = self.trials[number]
        if event["event"] == "epoch":
            trial.scores[event["epoch"]] = event["score"]
            if "share" in event:
                trial.shares[event["epoch"]] = event["share"]
        else:
            trial.status = event["status"]
            self.seconds = event["elapsed"]
            for key in ("score", "epoch", "reason", "kind", "seconds"):
                setattr(trial, key, event.get(key, getattr(trial, key)))
