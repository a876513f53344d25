"""Removing searches with all their trials: only where searches are kept, and never half of one."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from bigmodel_cli.errors import ResourceError, UsageError
from bigmodel_cli.run_removal import DOOMED_PREFIX, delete_folder
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.summary import find_search, is_searched
from bigmodel_cli.workers.folder import locked


def removable_search(word: str, tunes_dir: Path) -> SearchFolder | None:
    """The search that a user wants to remove, named by its folder or as its name; None where that is none.

    Raises:
        UsageError: If it is not one of `tunes_dir`, a link, or a process searches there.
    """
    found = find_search(word, tunes_dir)
    if found is None:
        return None
    folder = SearchFolder(Path(os.path.abspath(found.path)))  # noqa: PTH100 - must not follow a link
    if folder.path.is_symlink():
        raise UsageError(
            f"{word}: a link, not a search; what it points to is not removed",
            hint="remove the link itself with rm, or name the search that it points to",
        )
    parent = folder.path.parent.resolve()
    if parent != tunes_dir.resolve():
        there = shlex.quote(str(parent))
        raise UsageError(
            f"{word}: not in the folder of searches, {tunes_dir}/, but in {parent}/",
            hint=f"if searches are kept there: bigmodel runs rm {shlex.quote(word)} --tunes-dir {there}",
        )
    if is_searched(folder):
        raise UsageError(f"{word}: a process searches here right now", hint="wait for it, or stop it first")
    return folder


def remove_search(folder: SearchFolder) -> None:
    """Remove a search for good; it first leaves the place where searches are looked for, in one step.

    Args:
        folder: One that `removable_search` has passed.

    Raises:
        UsageError: If a process has begun to search there.
        ResourceError: If it cannot be removed.
    """
    # Hidden, so that nobody finds a search or runs there.
    doomed = folder.path.with_name(f"{DOOMED_PREFIX}{folder.path.name}-{os.getpid()}")
    with locked(folder.lock, "searches"):
        try:
            folder.path.rename(doomed)
        except OSError as error:
            raise ResourceError(f"{folder.path}: cannot be removed: {error.strerror or error}") from None
    delete_folder(doomed)
