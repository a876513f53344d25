"""Which search a config means: trials of one search are of one config."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from bigmodel_cli.config.dump import to_yaml
from bigmodel_cli.config.searched import Searched
from bigmodel_cli.config.tune import Tune
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.whole_files import read_sealed
from bigmodel_cli.workers.same_config import CHANGES_NO_RUN, changed_keys

# The key of search.json with how many trials there are to be.
TRIALS = "trials"
# What of `tune` decides what is drawn and how trials end; how many there are, and what they may take, may
# change.
_FIXED = ("space", "metric", "mode", "search", "stop_early")
_CONFIG, _TUNE = "config", "tune."
# The key of search.json with the sha256 of each file of the config's own code.
_CODE = "code"
# Gates are asked of the best trial alone, at the end.
_FREE = CHANGES_NO_RUN | {"expect"}


def identity(searched: Searched) -> dict[str, str]:
    """What may not change in a search, as search.json has it."""
    experiment, tune = searched.loaded.experiment, searched.tune
    hashes = searched.loaded.code.hashes
    return {
        **({_CODE: to_yaml(hashes)} if hashes else {}),
        _CONFIG: to_yaml(experiment.model_copy(update={"tune": None, "track": []})),
        **{f"{_TUNE}{key}": to_yaml(getattr(tune, key)) for key in _FIXED},
    }


def changes(before: Mapping[str, Any], asked: Mapping[str, str]) -> list[str]:
    """What is asked for otherwise than when a search was begun; nothing: it goes on.

    What search.json lacks, since the version that wrote it knew no such key, counts as its default.

    Args:
        before: What search.json has.
        asked: The `identity` of the config now.
    """
    options = [key for key in asked if key.startswith(_TUNE)]
    return [
        *([_CODE] if before.get(_CODE) != asked.get(_CODE) else []),
        *changed_keys(before[_CONFIG], asked[_CONFIG], _FREE),
        *(key for key in options if (before[key] if key in before else _default(key)) != asked[key]),
    ]


def _default(key: str) -> str:
    return to_yaml(Tune.model_fields[key.removeprefix(_TUNE)].default)


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
    of_newest: list[str] = []
    for folder in reversed(begun):
        if not (changed := changes(read_sealed(folder.record), identity(searched))):
            return folder
        of_newest = of_newest or changed
    newest = begun[-1]
    raise UsageError(
        f"{newest.path}: not the search that was begun here: {some(of_newest)} changed",
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
