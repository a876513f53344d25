"""The files of a run against what was recorded of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.run_folder import COMPLETED, FILES, RUN_ID, RunFolder
from bigmodel_cli.whole_files import TEMPORARY_PREFIX, read_sealed, sha256_of

SOUND = "ok"
MISSING = "missing"
DAMAGED = "damaged or changed"
UNLISTED = "not listed"
UNVOUCHED = "its JSON file is missing or damaged"
# The key of a checkpoint's JSON file with what it said before.
PREVIOUS = "previous"
# The keys of a checkpoint's JSON file with its name and its run's id, so that it cannot pass for another.
CHECKPOINT = "checkpoint"
CHECKPOINT_RUN = "run"


@dataclass(frozen=True)
class CheckedFile:
    """A file of a run.

    Attributes:
        name: Its path in the run.
        state: `ok`, `missing`, `damaged or changed`, `not listed` (written after the run's end), or for a
            checkpoint that its JSON file is not there to vouch for it.
        num_bytes: Its size; 0 where it is missing.
    """

    name: str
    state: str
    num_bytes: int

    @property
    def is_sound(self) -> bool:
        return self.state in (SOUND, UNLISTED)


def verify_run(run: RunFolder) -> list[CheckedFile]:
    """Check every file of a run, in the order of their names.

    Raises:
        DataError: If run.json, which has the sha256 of the others, is missing or damaged.
    """
    record = run.read_record()
    listed = record.get(FILES, {})
    found = {run.inside(path): path for path in all_files(run)}
    checked = [_checked(run.path / name, name, listed.get(name)) for name in {**listed, **found}]
    names = {*run.all_checkpoint_names(), *record.get("checkpoints", [])}
    checked += [file for name in names for file in _checkpoint(run, name)]
    return sorted(checked, key=lambda file: file.name)


def _checked(path: Path, name: str, listed: dict[str, object] | None) -> CheckedFile:
    if not path.is_file():
        return CheckedFile(name, MISSING, 0)
    size = path.stat().st_size
    if listed is None:
        return CheckedFile(name, UNLISTED, size)
    state = SOUND if listed.get("bytes") == size and listed.get("sha256") == sha256_of(path) else DAMAGED
    return CheckedFile(name, state, size)


def _checkpoint(run: RunFolder, name: str) -> Iterator[CheckedFile]:
    """A checkpoint and its JSON file, which vouches for it and for itself."""
    files = (run.checkpoint(name), run.checkpoint_state(name))
    try:
        checkpoint_entry(run, name)
        states = (SOUND, SOUND)
    except DataError:
        json_is_sound = _has_seal(files[1])
        states = (DAMAGED if json_is_sound else UNVOUCHED, SOUND if json_is_sound else DAMAGED)
    for path, state in zip(files, states, strict=True):
        there = path.is_file()
        yield CheckedFile(run.inside(path), state if there else MISSING, path.stat().st_size if there else 0)


def _has_seal(path: Path) -> bool:
    try:
        read_sealed(path)
    except DataError:
        return False
    return True


def checkpoint_entry(run: RunFolder, name: str) -> dict[str, Any]:
    """What is known of a checkpoint: epoch, step, monitored value, size and sha256.

    Raises:
        DataError: If it or its JSON file is missing or damaged, or another checkpoint's, or another run's.
    """
    path = run.require(run.checkpoint(name))
    state = read_sealed(run.require(run.checkpoint_state(name)))
    record = run.read_record() if run.record.exists() else {}
    if (state.get(CHECKPOINT), state.get(CHECKPOINT_RUN)) != (name, record.get(RUN_ID)):
        raise DataError(
            f"{path}: not this run's {name} checkpoint: its JSON file is of another one",
            hint="bring the files back to where they were",
        )
    digest = sha256_of(path)
    # The JSON file is written before the checkpoint takes its name: a process may have ended between the two,
    # but none that completed the run.
    before = None if record.get("status") == COMPLETED else state.get(PREVIOUS)
    for entry in (state, before):
        if entry and entry.get("sha256") == digest:
            return {key: value for key, value in entry.items() if key != PREVIOUS}
    raise DataError(f"{path}: damaged: its sha256 is not the one recorded when it was saved")


def was_never_named(run: RunFolder, name: str) -> bool:
    """Whether a checkpoint's JSON file announces it, but the process ended before it had its name."""
    try:
        announced = read_sealed(run.checkpoint_state(name))
    except DataError:
        return False
    return not run.checkpoint(name).exists() and announced.get(PREVIOUS) is None


def list_files(run: RunFolder, paths: Iterable[Path]) -> dict[str, Any]:
    """Size and sha256 of files of a run, as run.json has them under `files`."""
    return {
        run.inside(path): {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in sorted(paths)
    }


def damaged_files(run: RunFolder) -> dict[str, str | None]:
    """Listed files that are not what run.json says, with their sha256 now; None where one is missing."""
    listed = run.read_record().get(FILES, {})
    now = {name: sha256_of(path) if (path := run.path / name).is_file() else None for name in listed}
    return {name: digest for name, digest in now.items() if digest != listed[name].get("sha256")}


def require_no_folders(paths: Iterable[Path]) -> None:
    """No folder is where a file is to be written.

    Raises:
        DataError: If one is.
    """
    for path in paths:
        if path.is_dir():
            raise DataError(
                f"{path}: a folder is where the run has a file", hint="remove it, or give it another name"
            )


def own_places(run: RunFolder) -> list[Path]:
    """Where the files of a run are that going on with it writes."""
    fixed = [
        run.config,
        run.labels,
        run.metrics,
        run.log,
        run.litert_model,
        run.front,
        run.example_limits,
        run.decision,
        run.report,
    ]
    names = run.all_checkpoint_names()
    checkpoints = [place for name in names for place in (run.checkpoint(name), run.checkpoint_state(name))]
    return [*fixed, *checkpoints, *(run.path / name for name in run.read_record().get(FILES, {}))]


def all_files(run: RunFolder) -> list[Path]:
    """The files of a run but its record, its lock, half-written ones, and checkpoints, which have records;
    nor what trackers need, who go on when the record is complete.
    """
    apart = {run.record, run.lock}
    return sorted(
        path
        for path in run.path.rglob("*")
        if path.is_file()
        and path not in apart
        and path.parent != run.checkpoints
        and run.tracking not in path.parents
        and not any(part.startswith(TEMPORARY_PREFIX) for part in path.relative_to(run.path).parts)
    )


def remove_half_written(run: RunFolder) -> None:
    """Remove what processes that were killed have left half written; only for who holds the run's lock."""
    for path in list(run.path.rglob(f"{TEMPORARY_PREFIX}*")):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
