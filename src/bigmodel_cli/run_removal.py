"""Removing runs: only what is a run, only where runs are kept, and never half of one.

A run's folder first leaves the place where runs are looked for, in one step, and is deleted then: a process
that is killed in between leaves nothing that looks like a run.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from bigmodel_cli.errors import DataError, ResourceError, UsageError
from bigmodel_cli.run_folder import BEST, WEIGHTS_REMOVED, RunFolder, update_record
from bigmodel_cli.run_lock import is_alive, locked
from bigmodel_cli.run_search import all_runs
from bigmodel_cli.whole_files import read_sealed

# One storey above the folders of runs, where no run is looked for.
DOOMED_PREFIX = ".removing-"


def removable(word: str, runs_dir: Path) -> RunFolder:
    """The run that a user wants to remove, named by its folder or as `<name>/<time>`.

    Raises:
        UsageError: If it is none, not one of `runs_dir`, a link, or trains right now.
    """
    run = _named(word, runs_dir)
    if run.path.is_symlink():
        raise UsageError(
            f"{word}: a link, not a run; what it points to is not removed",
            hint="remove the link itself with rm, or name the run that it points to",
        )
    # A link between the two, or `..`, leads to where the folder really is.
    parent = run.path.parent.resolve()
    if parent.parent != runs_dir.resolve():
        there = shlex.quote(str(parent.parent))
        raise UsageError(
            f"{run.title}: not in the folder of runs, {runs_dir}/, but in {parent}/",
            hint=f"if runs are kept there: bigmodel runs rm {shlex.quote(word)} --runs-dir {there}",
        )
    if is_alive(run):
        raise UsageError(
            f"{run.title}: a process trains this run right now", hint="wait for it, or stop it first"
        )
    return run


def _named(word: str, runs_dir: Path) -> RunFolder:
    for candidate in (Path(word), runs_dir / word) if word else ():
        run = RunFolder(Path(os.path.abspath(candidate)))  # noqa: PTH100 - must not follow a link
        if is_run(run):
            return run
    of_name = [run.title for run in all_runs(runs_dir) if run.path.parent.name == word]
    if of_name:
        oldest, rest = shlex.quote(of_name[-1]), f"bigmodel runs rm {shlex.quote(word)} --keep-best 1"
        raise UsageError(
            f"{word}: the name of {len(of_name)} run{'s' * (len(of_name) > 1)}; expected the folder of one",
            hint=f"bigmodel runs rm {oldest}, or all but the best: {rest}",
        )
    raise UsageError(
        f"{word}: not a run (expected a folder with a run.json, under {runs_dir}/)",
        hint="see which there are: bigmodel runs",
    )


class HasPath(Protocol):
    """A folder of ours."""

    @property
    def path(self) -> Path: ...


def is_run(run: RunFolder) -> bool:
    """Whether there is a run, as `all_runs` finds them: one that has lost its record too."""
    return run.record.is_file() or run.checkpoints.is_dir()


def disk_bytes(run: HasPath) -> int:
    """What the files in the folder of a run or a search take, links counted as such."""
    found = 0
    for folder, _, files in os.walk(run.path):
        for name in files:
            try:
                found += Path(folder, name).lstat().st_size
            except OSError:
                # Gone since it was listed.
                continue
    return found


def children(run: RunFolder, others: Iterable[RunFolder]) -> Iterator[RunFolder]:
    """Those of `others` that started from a run's weights."""
    digest = _best_digest(run)
    for other in others:
        try:
            parent = other.read_record().get("parent") or {}
        except DataError:
            continue
        # The path is as it was written then, perhaps in another current folder.
        is_same_path = "run" in parent and Path(parent["run"]).resolve() == run.path.resolve()
        if is_same_path or (digest is not None and parent.get("sha256") == digest):
            yield other


def _best_digest(run: RunFolder) -> str | None:
    try:
        return read_sealed(run.checkpoint_state(BEST)).get("sha256")
    except DataError:
        return None


def remove_run(run: RunFolder, runs_dir: Path) -> None:
    """Remove a run for good; links in it are removed, not followed.

    Args:
        run: One that `removable` has passed.
        runs_dir: Where runs are kept.

    Raises:
        UsageError: If a process has begun to train it.
        ResourceError: If it cannot be removed.
    """
    parent = run.path.parent
    doomed = runs_dir.resolve() / f"{DOOMED_PREFIX}{parent.name}-{run.path.name}-{os.getpid()}"
    with locked(run):
        try:
            run.path.rename(doomed)
        except OSError as error:
            raise ResourceError(f"{run.title}: cannot be removed: {error.strerror or error}") from None
    delete_folder(doomed)
    # Only where it was the last one of its name.
    with suppress(OSError):
        parent.rmdir()


def remove_weights(run: RunFolder, why: str) -> None:
    """Remove the checkpoints of a complete run; its config, record, metrics and evaluation stay.

    Args:
        run: The run.
        why: What its record says of it.
    """
    if not run.checkpoints.is_dir():
        return
    # First the record, so that what is half removed is no checkpoint.
    update_record(run, {"checkpoints": [], WEIGHTS_REMOVED: why})
    for path in run.checkpoints.iterdir():
        path.unlink(missing_ok=True)
    run.checkpoints.rmdir()


def remove_leftovers(runs_dir: Path) -> Sequence[Path]:
    """Delete what a process that was killed while it removed runs has left; says what that was."""
    found = [path for path in runs_dir.glob(f"{DOOMED_PREFIX}*") if path.is_dir() and not path.is_symlink()]
    for path in found:
        delete_folder(path)
    return found


def delete_folder(folder: Path) -> None:
    """Delete a folder that has left the place where it would be looked for.

    Raises:
        ResourceError: If something in it cannot be deleted.
    """
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        # Another process deletes the same.
        return
    except OSError as error:
        where = error.filename or folder
        raise ResourceError(
            f"{where}: cannot be deleted: {error.strerror or error}",
            hint=f"no run any more, but still on the disk: {folder}",
        ) from None
