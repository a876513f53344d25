"""The folder of jobs that belong together: of one process at a time, and of one question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.whole_files import read_sealed, write_sealed

# What has changed between what a record says and what is asked for now.
Changes = Callable[[Mapping[str, Any], Mapping[str, str]], list[str]]


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


def require_same(record: Path, asked: Mapping[str, str], what: str, changes: Changes) -> None:
    """What is asked for is what was begun here, or begins now.

    Args:
        record: The file that keeps what was asked for.
        asked: Texts, by what they say.
        what: What was begun, for instance `search`.
        changes: Says what has changed.

    Raises:
        UsageError: If something else was begun here.
    """
    if not record.exists():
        write_sealed(record, asked)
        return
    if changed := changes(read_sealed(record), asked):
        raise UsageError(
            f"{record.parent}: not the {what} that was begun here: {some(changed)} changed",
            hint="give this one another name: name=NAME; or remove the folder",
        )
