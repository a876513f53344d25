"""Files that have the other splits of data, by their names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.split_names import SPLIT_NAMES


def files_beside(path: Path) -> Iterator[tuple[SplitName, Path]]:
    """The files of held-out splits beside `train.conll`: `dev.conll`, `test.conll`."""
    stem = path.stem
    own = next((word for word, split in SPLIT_NAMES.items() if split == "train" and word in stem), None)
    if own is None:
        return
    found: set[SplitName] = {"train"}
    for word, split in SPLIT_NAMES.items():
        other = path.with_name(stem.replace(own, word) + path.suffix)
        if split not in found and other.is_file():
            found.add(split)
            yield split, other
