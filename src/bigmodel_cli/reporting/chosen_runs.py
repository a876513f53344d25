"""The runs that words of a command line mean: names, patterns of names, folders."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.reporting.run_summary import RunSummary, summarise
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_search import all_runs, is_named


def chosen_runs(words: Sequence[str], runs_dir: Path) -> list[RunSummary]:
    """Runs, newest first; each once.

    Args:
        words: Of each the runs: a name for all of that name, a pattern such as `rate-*` for all names (or
            `<name>/<time>`) that it fits, the folder of a run or of a name. None: all runs.
        runs_dir: Where they are kept.

    Raises:
        UsageError: If there is none of one of the words.
    """
    every = list(all_runs(runs_dir))
    if not every and not words:
        raise _nothing(f"there is no run under {runs_dir}/", every)
    found: dict[Path, RunFolder] = {}
    for word in words or ("*",):
        runs = list(_runs_of(word, every, runs_dir))
        if not runs:
            what = "fits no run" if is_pattern(word) else "no run has this name"
            raise _nothing(f"{word}: {what} under {runs_dir}/", every)
        found |= {run.path.resolve(): run for run in runs}
    return [summarise(found[path]) for path in sorted(found, key=lambda path: path.name, reverse=True)]


def listed_runs(names: Sequence[str], runs_dir: Path, limit: int | None = None) -> Iterator[RunSummary]:
    """Runs as they stand, newest first.

    Args:
        names: Of which; patterns too. None: of all.
        runs_dir: Where they are kept.
        limit: How many at most.
    """
    runs = (run for run in all_runs(runs_dir) if not names or any(_fits(run, name) for name in names))
    yield from map(summarise, islice(runs, limit))


def is_pattern(word: str) -> bool:
    """Whether a word may mean runs of several names."""
    return glob.has_magic(word)


def _runs_of(word: str, every: Sequence[RunFolder], runs_dir: Path) -> Iterator[RunFolder]:
    for folder in (Path(word), runs_dir / word):
        if RunFolder(folder).record.is_file():
            yield RunFolder(folder)
            return
    yield from (run for run in every if _fits(run, word))


def _fits(run: RunFolder, word: str) -> bool:
    # A pattern that the shell has filled in gives folders of names: runs/rate-1e-2.
    if is_named(run, word):
        return True
    name, time = run.path.parent.name, run.path.name
    return is_pattern(word) and any(fnmatchcase(text, word) for text in (name, f"{name}/{time}"))


def _nothing(what: str, every: Sequence[RunFolder]) -> UsageError:
    names = sorted({run.path.parent.name for run in every})
    return UsageError(
        what, hint=f"names there: {some(names)}" if names else "train one first: bigmodel train CONFIG"
    )
