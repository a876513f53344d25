"""Where a run is to be kept that has no folder yet."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.errors import ResourceError, UsageError
from bigmodel_cli.run_folder import RunFolder

_WRITABLE_HINT = "choose another folder: --runs-dir DIR, or the environment variable BIGMODEL_RUNS"


@dataclass(frozen=True)
class NewRun:
    """A run that has no folder yet: it gets one once its model is built, so that a mistake leaves none.

    Attributes:
        runs_dir: Where runs are kept.
        name: Of the folder for all runs of its config.
        folder: What its own folder in there is called; None: the time at which it is made.
    """

    runs_dir: Path
    name: str
    folder: str | None = None

    def create(self) -> RunFolder:
        """Make the folder; two that start in one second get two folders.

        Raises:
            ResourceError: If it cannot be made.
            UsageError: If `folder` is named, and has a run already.
        """
        return RunFolder(self._with_the_time() if self.folder is None else self._named(self.folder))

    def _named(self, folder: str) -> Path:
        # What a killed process has made, and not begun in, is no run.
        run = RunFolder(self.runs_dir / self.name / folder)
        if run.record.exists():
            raise UsageError(
                f"{run.title}: there is a run already",
                hint=f"go on with it: bigmodel train --resume {run.title}",
            )
        _make(run.path, exist_ok=True)
        return run.path

    def _with_the_time(self) -> Path:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        parent = self.runs_dir / self.name
        for number in range(1, 1000):
            path = parent / (stamp if number == 1 else f"{stamp}-{number}")
            try:
                _make(path)
            except FileExistsError:
                if not parent.is_dir():
                    break
                continue
            return path
        raise ResourceError(f"{parent}: no folder for the run can be made here")

    def require_writable(self) -> None:
        """Find out before any work whether a run could be written.

        Raises:
            ResourceError: If not.
        """
        folder = self.runs_dir
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if not folder.is_dir():
            raise ResourceError(f"{folder}: expected a folder for runs, found a file", hint=_WRITABLE_HINT)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ResourceError(f"{folder}: not writable, so no run can be kept here", hint=_WRITABLE_HINT)


def _make(path: Path, *, exist_ok: bool = False) -> None:
    try:
        path.mkdir(parents=True, exist_ok=exist_ok)
    except FileExistsError:
        if exist_ok:
            raise ResourceError(f"{path}: expected a folder, found a file", hint=_WRITABLE_HINT) from None
        raise
    except OSError as error:
        raise ResourceError(
            f"{path}: cannot be written: {error.strerror or error}", hint=_WRITABLE_HINT
        ) from None
