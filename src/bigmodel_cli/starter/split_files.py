"""Files that have the other splits of data, by their names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from bigmodel_cli.sources.split_names import SPLIT_NAMES

_WORDS = sorted((word for word, split in SPLIT_NAMES.items() if split == "train"), key=len, reverse=True)
# `train.csv` and `adult_training.csv`, but not `constraints.csv`.
_TRAINING = re.compile(rf"(?<![^\W\d_])({'|'.join(_WORDS)})")


def is_of_training(path: Path) -> bool:
    """Whether the name of a file says that it is for training."""
    return _TRAINING.search(path.name) is not None


def files_beside(path: Path, is_alike: Callable[[Path], bool] = lambda _other: True) -> dict[str, Path]:
    """The files of held-out splits beside `train.conll`: `dev.conll`, `test.conll`.

    Args:
        path: A file; where its name does not say that it is for training, nothing is looked for.
        is_alike: Whether a file that is there has what the first one has.
    """
    own = _TRAINING.search(path.name)
    found: dict[str, Path] = {}
    if own is None:
        return found
    for word, split in SPLIT_NAMES.items():
        other = path.with_name(f"{path.name[: own.start()]}{word}{path.name[own.end() :]}")
        if split != "train" and split not in found and other.is_file() and is_alike(other):
            found[split] = other
    return found
