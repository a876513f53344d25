"""Whether a config is the one that something was begun with: by what it says, whichever version wrote it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from bigmodel_cli.config.differences import differences
from bigmodel_cli.config.dump import plain
from bigmodel_cli.config.experiment import Reading
from bigmodel_cli.config.problems import Problems
from bigmodel_cli.config.reader import read_yaml
from bigmodel_cli.config.tree import Mapping, to_plain
from bigmodel_cli.modeling.language import language

# Of these no digit of a run depends.
CHANGES_NO_RUN = frozenset(
    {
        "data.cache",
        "training.steps_per_execution",
        "training.checkpoint.every",
        "training.checkpoint.keep",
    }
)


def changed_keys(before: str, now: str, free: Collection[str]) -> list[str]:
    """The dotted keys in which two configs differ; what one of them leaves out counts as its default.

    So a key that a later version of bigmodel has, with a default by which nothing changes, makes no other
    config of one that was written before there was such a key.

    Args:
        before: YAML as some version wrote it.
        now: YAML as this one writes it.
        free: Dotted keys that may change; so may what is under them.
    """
    found = differences(_filled_in(before), _filled_in(now))
    return [key for key, _, _ in found if not any(part in free for part in _with_parents(key))]


def _filled_in(text: str) -> Any:
    """A config as plain data with all defaults; as it is written, where this version cannot read it."""
    # Paths in it are whole.
    tree = read_yaml(text, origin="", folder=Path())
    assert isinstance(tree, Mapping)
    experiment = Reading(language(), "").experiment(tree, Problems())
    return to_plain(tree) if experiment is None else plain(experiment)


def _with_parents(key: str) -> Iterator[str]:
    parts = key.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))
