"""Sends a tracker what it lacks of a run, as often as it is asked to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tracking.contents import Contents, read_contents
from bigmodel_cli.tracking.reachable import require_reachable
from bigmodel_cli.tracking.tracker import Point, Tracker, TrackerOptions
from bigmodel_cli.whole_files import sha256_of, write_json


def note_of(run: RunFolder, name: str) -> Path:
    """The file with what a tracker calls the run, and which files it has."""
    return run.tracking / f"{name}.json"


def log_of(run: RunFolder, name: str) -> Path:
    """What its library prints."""
    return run.tracking / f"{name}.log"


class Sending:
    """One run and one tracker.

    Args:
        run: The run, which another process may be training.
        options: Of the tracker.
    """

    def __init__(self, run: RunFolder, options: TrackerOptions) -> None:
        self._run, self._options = run, options
        self._note = note_of(run, options.tracker_name)
        self._tracker: Tracker | None = None
        self._sent: set[tuple[str, int]] = set()
        self._results: Point | None = None
        self._kept: dict[str, Any] = {}

    def send(self, *, has_ended: bool) -> int:
        """Send what is there and has not arrived.

        Args:
            has_ended: Whether whoever trains the run is done.

        Returns:
            How many epochs wait for a checkpoint.

        Raises:
            DataError: If the folder is being written just now.
            Exception: Whatever the tracker raises; then everything is asked for anew.
        """
        wants = self._options.wants_checkpoint
        contents = read_contents(self._run, has_ended=has_ended, wants_checkpoint=wants)
        try:
            self._send(contents)
        except Exception:
            self._tracker = None
            raise
        return contents.waiting

    def end(self) -> str | None:
        """Tell the tracker how the run has ended; what it wants the user to know."""
        status = read_contents(self._run, has_ended=True).status
        return None if self._tracker is None else self._tracker.end(status)

    def _send(self, contents: Contents) -> None:
        tracker = self._tracker or self._start(contents)
        if missing := list(self._missing(contents.points)):
            tracker.metrics(missing)
            self._sent.update((name, point.step) for point in missing for name in point.values)
        if contents.results is not None and contents.results != self._results:
            tracker.results(contents.results)
            self._results = contents.results
        files = self._kept.setdefault("files", {})
        for name, path in contents.files.items():
            if files.get(name) != (digest := sha256_of(path)):
                tracker.file(name, path)
                files[name] = digest
                write_json(self._note, self._kept)

    def _start(self, contents: Contents) -> Tracker:
        if (address := self._options.address) is not None:
            require_reachable(address)
        self._kept = json.loads(self._note.read_text("utf-8")) if self._note.exists() else {}
        tracker = self._options.open(self._run.tracking)
        ids = dict(tracker.start(contents.facts, self._kept.get("ids", {})))
        if ids != self._kept.get("ids"):
            # Another place has none of the files.
            self._kept = {"ids": ids}
            write_json(self._note, self._kept)
        self._sent.clear()
        self._results = None
        self._tracker = tracker
        return tracker

    def _missing(self, points: Sequence[Point]) -> Iterator[Point]:
        assert self._tracker is not None
        for point in points:
            values = {
                name: value
                for name, value in point.values.items()
                if (name, point.step) not in self._sent and not self._tracker.has(name, point.step)
            }
            if values:
                yield replace(point, values=values)
