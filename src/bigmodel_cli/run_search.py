"""The runs under a folder: all of them, and the one that a user means."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.run_folder import COMPLETED, PIECE_HINT, RunFolder

# What the folder of a search has.
SEARCH_RECORD = "search.json"

# What files with weights end in.
_WEIGHTS = (".keras", ".h5", ".hdf5", ".safetensors")


def all_runs(runs_dir: Path) -> Iterator[RunFolder]:
    """Every folder under `runs_dir` that holds a run, newest first; one that has lost its record too."""
    pieces = [*runs_dir.glob("*/*/run.json"), *runs_dir.glob("*/*/checkpoints")]
    newest = {piece.parent: piece.stat().st_mtime for piece in reversed(pieces)}
    for path in sorted(newest, key=lambda path: (path.name, newest[path]), reverse=True):
        yield RunFolder(path)


def find_run(word: str | None, runs_dir: Path) -> RunFolder:
    """The run that a user means.

    Args:
        word: A folder, `<name>/<time>`, or `<name>` for its newest completed run; None for the newest of all.
        runs_dir: Where runs are kept.

    Raises:
        UsageError: If there is none.
        DataError: If it has lost its record.
    """
    if word is not None:
        for candidate in (Path(word), runs_dir / word):
            if RunFolder(candidate).record.is_file():
                return RunFolder(candidate)
            if RunFolder(candidate).checkpoints.is_dir():
                raise DataError(f"{candidate}: not a run any more: it has no run.json", hint=PIECE_HINT)
            if (candidate / SEARCH_RECORD).is_file():
                raise UsageError(
                    f"{candidate}: a search, not a run",
                    hint=f"name one of its trials; which is the best: bigmodel runs show {candidate}",
                )
    for run in all_runs(runs_dir):
        if (word is None or is_named(run, word)) and _status(run) == COMPLETED:
            return run
    if word is None:
        raise UsageError(
            f"there is no completed run under {runs_dir}/",
            hint="train one first: bigmodel train CONFIG, or name a run's folder with --run",
        )
    names = sorted({run.path.parent.name for run in all_runs(runs_dir)})
    raise UsageError(
        f"{word}: no such run (expected a run's folder, or the name of one under {runs_dir}/)",
        hint=f"names there: {some(names)}" if names else "train one first: bigmodel train CONFIG",
    )


def is_weight_file(word: str) -> bool:
    """Whether a word means a file with weights, or a SavedModel's folder, and no run."""
    path = Path(word)
    marks = ("saved_model.pb", "variables.index")
    return path.suffix.lower() in _WEIGHTS or any((path / mark).is_file() for mark in marks)


def is_named(run: RunFolder, word: str) -> bool:
    """Whether a word is the name of a run, or the folder in which the runs of that name are."""
    folder = run.path.parent
    return word == folder.name or (os.sep in word and folder.resolve() == Path(word).resolve())


def _status(run: RunFolder) -> str | None:
    try:
        return run.read_record().get("status")
    except DataError:
        return None
