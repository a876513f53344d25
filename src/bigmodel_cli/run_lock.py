"""One process at a time trains a run: a lock in its folder, which is free again when its process is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError, ResourceError, UsageError
from bigmodel_cli.run_files import all_files, list_files, require_no_folders
from bigmodel_cli.run_folder import COMPLETED, FILES, RUNNING, SESSIONS, RunFolder, update_record
from bigmodel_cli.run_search import all_runs, find_run

CRASHED = "crashed"
# Who only looks whether a run is alive holds its lock for a moment.
_PATIENCE_SECONDS = 1.0


@contextmanager
def locked(run: RunFolder) -> Iterator[None]:
    """Hold a run's lock.

    Raises:
        UsageError: If another process trains the run; says which.
        DataError, ResourceError: If there can be no lock.
    """
    require_no_folders([run.lock])
    lock = _lock(run)
    try:
        is_ours = _acquire(lock, _PATIENCE_SECONDS)
    except OSError as error:
        raise ResourceError(f"{run.lock}: cannot be locked: {error.strerror or error}") from None
    if not is_ours:
        raise UsageError(
            f"{run.title}: {_holder(run)} trains this run right now",
            hint="wait for it, stop it, or train a new run: bigmodel train CONFIG",
        )
    try:
        yield
    finally:
        lock.release()


def _lock(run: RunFolder) -> Any:
    # filelock needs some 40 ms to be imported, and most commands lock nothing.
    import filelock

    return filelock.FileLock(run.lock, thread_local=False)


def _acquire(lock: Any, patience: float) -> bool:
    import filelock

    try:
        lock.acquire(timeout=patience, poll_interval=0.02)
    except filelock.Timeout:
        return False
    return True


def _holder(run: RunFolder) -> str:
    try:
        record = run.read_record()
    except DataError:
        return "another process"
    session = record.get(SESSIONS, [{}])[-1]
    return f"process {session.get('process')} on {session.get('host')}, since {session.get('started')},"


def is_alive(run: RunFolder) -> bool:
    """Whether a process trains the run right now."""
    if not run.lock.exists():
        return False
    lock = _lock(run)
    try:
        if not _acquire(lock, 0):
            return True
    except OSError:
        # A folder that may only be read: nobody can tell.
        return False
    lock.release()
    return False


def record_files(run: RunFolder, paths: Iterable[Path], *, instead_of: Sequence[Path] = ()) -> None:
    """Put files written after a run's end into run.json; a process that trains it does so itself.

    Args:
        run: The run.
        paths: The files.
        instead_of: Folders that have no other files any more.
    """
    lock = _lock(run)
    try:
        if not _acquire(lock, 0):
            return
    except OSError:
        # Where nothing can be locked nothing trains.
        return
    # Not what was read when it was opened: another process may have put files there since.
    run = RunFolder(run.path)
    try:
        listed = run.read_record().get(FILES)
        if listed is not None:
            gone = tuple(f"{run.inside(folder)}/" for folder in instead_of)
            kept = {name: value for name, value in listed.items() if not name.startswith(gone)}
            update_record(run, {FILES: {**kept, **list_files(run, paths)}})
    finally:
        lock.release()


def accept_changes(run: RunFolder) -> list[str]:
    """Take the files of a run as they are now; the names of those that were not what run.json had of them.

    Raises:
        UsageError: If a process trains the run.
        DataError: If run.json is damaged.
    """
    with locked(run):
        before, now = run.read_record().get(FILES, {}), list_files(run, all_files(run))
        update_record(run, {FILES: now})
    return [name for name in {**before, **now} if before.get(name) != now.get(name)]


def find_unfinished(word: str | None, runs_dir: Path) -> RunFolder:
    """The run that a user wants to go on with.

    Args:
        word: A folder, `<name>/<time>`, or `<name>` for its newest unfinished one; None: of all.
        runs_dir: Where runs are kept.

    Raises:
        UsageError: If there is none.
    """
    alive = None
    for run in all_runs(runs_dir):
        if word not in (None, run.path.parent.name):
            continue
        try:
            status = status_of(run, run.read_record())
        except DataError:
            continue
        if status == RUNNING:
            alive = alive or run
        elif status != COMPLETED:
            return run
    if alive is not None:
        return alive
    if word is None:
        raise UsageError(
            f"every run under {runs_dir}/ is complete: there is nothing to go on with",
            hint="to train one longer, name it: bigmodel train --resume RUN training.epochs=…",
        )
    return find_run(word, runs_dir)


def status_of(run: RunFolder, record: dict[str, Any]) -> str:
    """A run's status; one whose process is gone without a word has crashed."""
    status = str(record.get("status"))
    return CRASHED if status == RUNNING and not is_alive(run) else status
