"""The folder of jobs that belong together: of one process at a time, and of one question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bigmodel_cli.errors import UsageError
from bigmodel_cli.whole_files import read_sealed, write_sealed


@contextmanager
def locked(lock: Path, does: str) -> Iterator[None]:
    """Hold the lock of a folder.

    Args:
        lock: Its file.
        does: What the process does that holds it, for instance `searches`.

    Raises:
        UsageError: If another process holds it.
    """
    import filelock

    held = filelock.FileLock(lock)
    try:
        held.acquire(timeout=1.0)
    except filelock.Timeout:
        raise UsageError(f"{lock.parent}: another process {does} here right now") from None
    try:
        yield
    finally:
        held.release()


def require_same(record: Path, asked: Mapping[str, str], what: str) -> None:
    """What is asked for is what was begun here, or begins now.

    Args:
        record: The file that keeps what was asked for.
        asked: Texts, by what they say.
        what: What was begun, for instance `search`.

    Raises:
        UsageError: If something else was begun here.
    """
    if not record.exists():
        write_sealed(record, asked)
        return
    before = read_sealed(record)
    changed = [key for key, text in asked.items() if before.get(key) != text]
    if changed:
        raise UsageError(
            f"{record.parent}: not the {what} that was begun here: {', '.join(changed)} changed",
            hint="give this one another name: name=NAME; or remove the folder",
        )
