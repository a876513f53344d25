"""The files of other splits that lie beside one of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bigmodel_cli.sources.tables.table import open_table

# What the files of splits are called: `adult_train.csv` beside `adult_test.csv`.
_TRAIN = "train"
SPLITS = {"validation": ("validation", "valid", "val", "dev"), "test": ("test",)}


def splits_beside(path: Path, names: Sequence[str]) -> dict[str, Path]:
    """The files of other splits that lie beside one whose name says that it is for training."""
    found: dict[str, Path] = {}
    for split, words in SPLITS.items() if _TRAIN in path.name else ():
        for word in words:
            other = path.with_name(path.name.replace(_TRAIN, word))
            if split not in found and other.is_file() and open_table(other).names == tuple(names):
                found[split] = other
    return found
