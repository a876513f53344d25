"""Which search a config means: trials of one search are of one config."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.searched import Searched
from bigmodel_cli.errors import UsageError
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.whole_files import read_sealed

# The key of search.json with how many trials there are to be.
TRIALS = "trials"
# What of `tune` decides what is drawn and how trials end; how many there are, and what they may take, may
# change.
_FIXED = ("space", "metric", "mode", "search", "stop_early")


def identity(searched: Searched) -> dict[str, str]:
    """What may not change in a search, as search.json has it."""
    experiment, tune = searched.loaded.experiment, searched.tune
    return {
        "config": to_yaml(experiment.model_copy(update={"tune": None, "track": []})),
        **{f"tune.{key}": to_yaml(getattr(tune, key)) for key in _FIXED},
    }


def changed(searched: Searched, folder: SearchFolder) -> list[str]:
    """What a config has otherwise than a search that was begun; nothing: it goes on with it.

    Raises:
        DataError: If its record is damaged.
    """
    before = read_sealed(folder.record)
    return [key for key, text in identity(searched).items() if before.get(key) != text]


def folder_of(searched: Searched, tunes_dir: Path, *, is_new: bool = False) -> SearchFolder:
    """Where a search of a config is kept: `<name>`, or `<name>-2` and so on where others were begun before.

    Args:
        searched: The config and its space.
        tunes_dir: Where searches are kept.
        is_new: Whether another one is to begin; otherwise the newest that the config fits goes on.

    Raises:
        UsageError: If there are some, but the config fits none of them; says what changed since the newest.
        DataError: If a record is damaged.
    """
    begun, free = _searches(searched.loaded.experiment.name, tunes_dir)
    if is_new or not begun:
        return free
    for folder in reversed(begun):
        if not changed(searched, folder):
            return folder
    newest = begun[-1]
    raise UsageError(
        f"{newest.path}: not the search that was begun here: {', '.join(changed(searched, newest))} changed",
        hint=f"begin another one beside it, {free.path}: --new; or go on with the config as it was",
    )


def _searches(name: str, tunes_dir: Path) -> tuple[list[SearchFolder], SearchFolder]:
    """The searches of a name in the order in which they were begun, and the folder of the next one."""
    begun: list[SearchFolder] = []
    for number in count(1):
        folder = SearchFolder(tunes_dir / (name if number == 1 else f"{name}-{number}"))
        if not folder.record.exists():
            return begun, folder
        begun.append(folder)
    raise AssertionError("there are always more numbers")
