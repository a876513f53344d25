"""What a run's folder has for trackers, at any moment of its life."""

from __future__ import annotations

import json
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bigmodel_cli.config.dotted_keys import joined
from bigmodel_cli.config.reader import read_file
from bigmodel_cli.config.tree import to_plain
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.run_folder import BEST, COMPLETED, RUN_ID, RUNNING, STATE_MEMBER, RunFolder
from bigmodel_cli.run_lock import CRASHED, is_alive
from bigmodel_cli.tracking.tracker import Facts, Parent, Point
from bigmodel_cli.whole_files import write_text

# Folders of runs that belong together: what the folder of one such run is in, with the record beside it.
_TOGETHER = {"trials": "search.json", "folds": "crossval.json"}
_PARENT_ID = ".tracking_id"
_SPLITS = ("validation", "test")


@dataclass(frozen=True)
class Contents:
    """What a run's folder has.

    Attributes:
        facts: What is known of it before any metric.
        points: Of epochs that will not be trained again, whatever happens.
        waiting: How many more epochs metrics.csv has.
        results: What a complete run came to.
        files: Those that are finished, by their names in the run.
        status: running, completed, interrupted, failed or crashed.
    """

    facts: Facts
    points: tuple[Point, ...]
    waiting: int
    results: Point | None
    files: Mapping[str, Path]
    status: str

    @property
    def is_running(self) -> bool:
        return self.status == RUNNING


def read_contents(run: RunFolder, *, has_ended: bool, wants_checkpoint: bool = False) -> Contents:
    """Read a run's folder.

    Args:
        run: The run, which another process may be writing.
        has_ended: Whether whoever trains it has said that it is done.
        wants_checkpoint: Whether the best checkpoint is one of the files.

    Raises:
        DataError: If something is missing or half written.
    """
    record = run.read_record()
    status = str(record.get("status"))
    if status == RUNNING and (has_ended or not is_alive(run)):
        status = CRASHED
    config = to_plain(read_file(run.config))
    config.pop("track", None)
    started = _seconds(str(record["started"]))
    points, waiting = _points(run, started, is_complete=status == COMPLETED)
    return Contents(
        Facts(
            record[RUN_ID],
            f"{run.path.parent.name}/{run.path.name}",
            str(config.get("name") or run.path.parent.name),
            config,
            dict(_flat(config, ())),
            _tags(record),
            started,
            _parent(run),
        ),
        points,
        waiting,
        _results(record, points) if status == COMPLETED else None,
        dict(_files(run, status, wants_checkpoint=wants_checkpoint)),
        status,
    )


def _seconds(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()


def _points(run: RunFolder, started: float, *, is_complete: bool) -> tuple[tuple[Point, ...], int]:
    """The epochs that a resume would not train again, and how many more there are."""
    if not run.metrics.exists():
        return (), 0
    columns = read_metrics(run.metrics)
    safe = None if is_complete else _safe_epochs(run)
    found, seconds, waiting = [], started, 0
    for index, epoch in enumerate(columns.get("epoch", ())):
        values = {name: column[index] for name, column in columns.items() if name != "epoch"}
        seconds += values.get("seconds", 0.0)
        if safe is None or epoch <= safe:
            found.append(Point(int(epoch), seconds, values))
        else:
            waiting += 1
    return tuple(found), waiting


def _safe_epochs(run: RunFolder) -> int:
    """Epochs that the furthest checkpoint has; those after it may be trained again, with other results."""
    safe = 0
    for name in run.checkpoint_names():
        # One that is damaged, or of an early version, vouches for nothing.
        with suppress(OSError, KeyError, ValueError, zipfile.BadZipFile):
            safe = max(safe, _epoch_of(run.checkpoint(name)))
    return safe


def _epoch_of(checkpoint: Path) -> int:
    with zipfile.ZipFile(checkpoint) as file:
        return int(json.loads(file.read(STATE_MEMBER))["moment"]["epoch"])


def _results(record: Mapping[str, Any], points: tuple[Point, ...]) -> Point | None:
    values = {
        f"{split}_{name}": float(value)
        for split in _SPLITS
        for name, value in (record.get(split) or {}).items()
        if isinstance(value, int | float)
    }
    best = (record.get("best") or {}).get("epoch")
    if best:
        values["best_epoch"] = float(best)
    # A run that went on has results of its own for each end.
    step = points[-1].step if points else 0
    ended = record.get("ended")
    return Point(step, _seconds(ended) if ended else time.time(), values) if values else None


def _files(run: RunFolder, status: str, *, wants_checkpoint: bool) -> Iterator[tuple[str, Path]]:
    """Files that nobody writes any more."""
    found = [run.config, run.source_config]
    if status != RUNNING:
        found += [run.record, run.metrics, run.log, run.labels]
        found += sorted((run.path / "plots").glob("[!.]*"))
    if status == COMPLETED:
        found += [run.report, run.decision, run.baselines, run.importance]
        found += sorted((run.path / "evaluation").glob("[!.]*"))
        if wants_checkpoint:
            found += [run.checkpoint(BEST), run.litert_model]
    for path in found:
        if path.is_file():
            yield run.inside(path), path


def _flat(value: Any, keys: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    """A config by dotted keys, as words of the command line have them."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, (*keys, key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, (*keys, number))
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield joined(keys), text


def _tags(record: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "host": record.get("host"),
        "platform": record.get("platform"),
        "git_commit": record.get("git_commit"),
        "command": " ".join(record.get("command") or ()),
        "num_parameters": record.get("parameters"),
        **{f"version.{name}": number for name, number in (record.get("versions") or {}).items()},
    }
    for name, split in (record.get("data", {}).get("splits") or {}).items():
        found[f"examples.{name}"] = split.get("examples")
    return {key: str(value) for key, value in found.items() if value not in (None, "")}


def _parent(run: RunFolder) -> Parent | None:
    """What a trial or a fold belongs to, which gets an id where it has none."""
    folder = run.path.parent.parent
    record = _TOGETHER.get(run.path.parent.name)
    if record is None or not (folder / record).exists():
        return None
    import filelock

    # Runs that train side by side give it one together.
    with filelock.FileLock(folder / f"{_PARENT_ID}.lock"):
        path = folder / _PARENT_ID
        if not path.exists():
            write_text(path, uuid.uuid4().hex)
        return Parent(
            path.read_text("utf-8").strip(), folder.name, folder, run.path.parent.name.removesuffix("s")
        )
