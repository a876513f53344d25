"""Files in one folder whose names say the class, and the split: `7_jackson_32.wav` is a seven."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.class_names import class_name
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.class_folders import ClassFolders, check_classes, check_named
from bigmodel_cli.sources.file_walk import FileWalk, Sought
from bigmodel_cli.sources.name_pattern import NamePattern

# Which values of which part of a name mean a split.
HeldOut = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class NamesTell:
    """What names of files say.

    Attributes:
        pattern: How they are made up.
        label: The part that is the class.
        held_out: What files of each split but training are, by parts of their names.
    """

    pattern: NamePattern
    label: str
    held_out: Mapping[SplitName, HeldOut]


def find_named_files(
    root: Path,
    sought: Sought,
    warn: Callable[[str], None],
    told: NamesTell,
    names: Sequence[str] | None = None,
    *,
    for_evaluation: bool = False,
) -> ClassFolders:
    """All files in a folder and those below, by split and class as their names say.

    Args:
        root: The folder.
        sought: Which files.
        warn: Told what is passed over, and of classes without a file.
        told: What their names say.
        names: Of all classes in index order; None: those that there are, in sorted order.
        for_evaluation: Whether one class, splits with different classes, and no training split will do.

    Raises:
        DataError: If there are none, one is named otherwise, or a split has none.
    """
    if not root.is_dir():
        raise DataError(f"{root}: {'a file, not a folder' if root.exists() else 'no such folder'}")
    walk = FileWalk(sought)
    paths = list(walk.files_below(root))
    if not paths:
        raise DataError(f"{root}: no {sought.noun} in this folder", hint=walk.passed_over.sentence())
    if (passed_over := walk.passed_over.sentence()) is not None:
        warn(passed_over)
    relative = [os.path.relpath(path, root).replace(os.sep, "/") for path in paths]
    parts, held_out = told.pattern.columns(relative, str(root), told.pattern.names), told.held_out
    splits = [_split_of({name: of[row] for name, of in parts.items()}, held_out) for row in range(len(paths))]
    _check_splits(root, splits, held_out, parts)
    classes = [class_name(written) for written in parts[told.label]]
    there = sorted(set(classes))
    found: dict[SplitName, dict[str, list[str]]] = {}
    for split in dict.fromkeys(["train", *held_out]):
        of_split: dict[str, list[str]] = {}
        for path, own, name in zip(paths, splits, classes, strict=True):
            if own == split:
                of_split.setdefault(name, []).append(path)
        if of_split:
            found[split] = {name: of_split[name] for name in sorted(of_split)}
    if names is not None:
        check_named(root, names, there, None if for_evaluation else warn)
    elif not for_evaluation:
        check_classes(root, there, found, sought)
    return ClassFolders(there if names is None else names, found)


def _split_of(parts: Mapping[str, str], held_out: Mapping[SplitName, HeldOut]) -> SplitName:
    """The split that a file's name means: the first of which all parts are as asked."""
    for split, asked in held_out.items():
        if all(parts[name] in values for name, values in asked.items()):
            return split
    return "train"


def _check_splits(
    root: Path,
    splits: Sequence[SplitName],
    held_out: Mapping[SplitName, HeldOut],
    parts: Mapping[str, Sequence[str]],
) -> None:
    counts = Counter(splits)
    for split in ("train", *held_out):
        if counts[split]:
            continue
        asked = held_out.get(split, {})
        seen = "; ".join(f"{name} is {some(sorted(set(parts[name])), 10)}" for name in asked)
        what = "every file is held out" if split == "train" else f"no file is of the {split} split"
        raise DataError(f"{root}: {what}", hint=seen or None)
