"""Folders of files by class, with or without a folder for each split: what is where, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.class_names import alike_but_for_case, class_name
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.file_walk import FileWalk, Sought, subfolders, visible
from bigmodel_cli.sources.split_names import split_named

# These names decide where others are there too, as `test/` does where there is also `Testing/`.
_PLAIN_NAMES = ("train", "val", "valid", "validation", "test")
_SPLITS: Sequence[SplitName] = ("train", "validation", "test")

Warn = Callable[[str], None]


def _arrangement(root: Path, sought: Sought) -> str:
    """How files may be arranged, for those who have them otherwise."""
    file = sought.noun.upper()
    return (
        f"arrange them as {root}/CLASS/{file}, or as {root}/train/CLASS/{file} with val/ and test/ beside "
        "train/"
    )


@dataclass(frozen=True)
class ClassFolders:
    """The files of a folder.

    Attributes:
        class_names: In index order.
        files: Their paths by split and by class, each in order.
    """

    class_names: Sequence[str]
    files: Mapping[SplitName, Mapping[str, Sequence[str]]]

    def in_order(self, split: SplitName) -> list[str]:
        """All files of a split, class by class."""
        return [path for name in self.class_names for path in self.files[split].get(name, ())]

    def counts(self, split: SplitName) -> list[int]:
        """How many files of a split each class has."""
        return [len(self.files[split].get(name, ())) for name in self.class_names]


def find_class_folders(
    root: Path,
    sought: Sought,
    warn: Warn,
    names: Sequence[str] | None = None,
    *,
    for_evaluation: bool = False,
) -> ClassFolders:
    """Find the files of a folder that has a folder per class, or one per split that has them.

    Args:
        root: The folder.
        sought: Which files.
        warn: Told what is passed over, and what may not be meant.
        names: Of all classes in index order, of which some may have no folder; None: those of the folders.
        for_evaluation: Whether one class, splits with different classes, and no training split will do.

    Raises:
        DataError: If it is arranged in another way.
    """
    if not root.is_dir():
        raise DataError(f"{root}: {'a file, not a folder' if root.exists() else 'no such folder'}")
    if not visible(root):
        raise DataError(f"{root}: the folder is empty", hint=_arrangement(root, sought))
    walk = FileWalk(sought)
    folders = _split_folders(root, walk, warn, needs_train=not for_evaluation)
    found = {split: _classes(folder, walk, warn) for split, folder in folders.items()}
    if (passed_over := walk.passed_over.sentence()) is not None:
        warn(passed_over)
    there = list(dict.fromkeys(name for classes in found.values() for name in classes))
    if names is not None:
        check_named(root, names, there, None if for_evaluation else warn)
    elif not for_evaluation:
        check_classes(root, there, found, sought)
    if alike := alike_but_for_case(there):
        warn(f"{root}: {alike} differ in case alone; they are different classes")
    return ClassFolders(there if names is None else names, found)


def _split_folders(root: Path, walk: FileWalk, warn: Warn, *, needs_train: bool) -> dict[SplitName, Path]:
    """The folder of each split; one folder without splits is all training.

    A folder `train` with files in it is a class (of vehicles, say) beside others; with folders in it, it is
    a split.
    """
    folders = [entry.name for entry in subfolders(root)]
    named = {name: split for name in folders if (split := split_named(name)) is not None}
    trains = [name for name, split in named.items() if split == "train"]
    are_all_splits = bool(named) and len(named) == len(folders)
    if not are_all_splits and not any(subfolders(root / name) for name in trains):
        return {"train": root}
    if needs_train and not trains:
        raise DataError(f"{root}: has {_listed(named)} but no train/", hint=_arrangement(root, walk.sought))
    chosen = {split: name for split in _SPLITS if (name := _folder_of(split, named, root)) is not None}
    if others := [name for name in folders if name not in chosen.values()]:
        warn(f"{root}: ignored {_listed(others)} beside {next(iter(chosen.values()))}/")
    walk.class_folders(root)
    return {split: root / name for split, name in chosen.items()}


def _folder_of(split: SplitName, named: Mapping[str, SplitName], root: Path) -> str | None:
    """The folder of a split by its name.

    Raises:
        DataError: If there are two.
    """
    own = [name for name, of in named.items() if of == split]
    candidates = [name for name in own if name in _PLAIN_NAMES] or own
    if len(candidates) > 1:
        raise DataError(
            f"{root}: has both {' and '.join(f'{name}/' for name in candidates)} for {split}",
            hint="keep one of them",
        )
    return candidates[0] if candidates else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{name}/" for name in names)


def _classes(folder: Path, walk: FileWalk, warn: Warn) -> dict[str, list[str]]:
    """Files by class, in the order of the folders' names.

    Raises:
        DataError: If there are no class folders, or they are none.
    """
    folders = walk.class_folders(folder)
    if not folders:
        loose = walk.passed_over.loose
        what = f"{loose:,} {walk.sought.plural} but no class folders" if loose else "no class folders"
        raise DataError(f"{folder}: {what}", hint=_arrangement(folder, walk.sought))
    classes: dict[str, list[str]] = {}
    for entry in folders:
        name = class_name(entry.name)
        if name in classes:
            warn(f"{folder}: two folders {name}/, written in two forms of Unicode, are one class")
        classes.setdefault(name, []).extend(walk.files_below(entry.path))
    if empty := [name for name, files in classes.items() if not files]:
        suffixes = ", ".join(sorted(walk.sought.suffixes))
        raise DataError(
            f"{folder}: no {walk.sought.noun} in the class folder {_listed(empty)}",
            hint=f"add {walk.sought.plural} ({suffixes}) or remove the folder",
        )
    _check_level(folder, classes, walk.sought)
    return classes


def _check_level(folder: Path, classes: Mapping[str, Sequence[str]], sought: Sought) -> None:
    """Refuse class folders that hold folders and no file that counts: they are likely above the classes.

    One folder of the same name in each of them, with the files in it (`cat/images/1.jpg`), is no level.

    Raises:
        DataError: If there are such folders.
    """
    depth = len(folder.parts) + 1
    lower = {}
    for name, files in classes.items():
        below = {Path(path).parts[depth:-1] for path in files}
        if () not in below:
            lower[name] = below
    if not lower or len(set().union(*lower.values())) == 1:
        return
    first = next(iter(lower))
    shown = list(dict.fromkeys(parts[0] for parts in sorted(lower[first])))
    more = ", …" if len(shown) > 3 else ""
    raise DataError(
        f"{folder}: {_listed(lower)} hold{'s' if len(lower) == 1 else ''} folders and no {sought.noun} "
        f"({first}/ has {_listed(shown[:3])}{more}): no class folders, but one level too high",
        hint=f"if those are the classes, set path: {folder / first}; if not, put the {sought.plural} of a "
        "class directly into its folder",
    )


def check_named(root: Path, names: Sequence[str], there: Sequence[str], warn: Warn | None) -> None:
    """All folders are of classes that were named.

    Args:
        root: The folder.
        names: Of all classes.
        there: Those that have a folder.
        warn: Told of classes that have none; None: nobody.

    Raises:
        DataError: If a folder is of none of them.
    """
    if unknown := [name for name in there if name not in names]:
        raise DataError(
            f"{root}: {_listed(unknown)} {'is' if len(unknown) == 1 else 'are'} none of class_names "
            f"({some(names, 10)})",
            hint="name all classes, in the order of the model's outputs; or take the folder out",
        )
    if warn is not None and (lacking := [name for name in names if name not in there]):
        warn(f"{root}: no files of {some(lacking, 10)}, which class_names has")


def check_classes(
    root: Path, names: Sequence[str], found: Mapping[SplitName, Mapping[str, object]], sought: Sought
) -> None:
    """Every split has the classes of training.

    Raises:
        DataError: If splits differ, or there is only one class.
    """
    of_training = list(found["train"])
    if len(of_training) < 2:
        raise DataError(
            f"{root}: only one class ({of_training[0]}); a classifier needs at least two",
            hint=_arrangement(root, sought),
        )
    for split, classes in found.items():
        unknown = sorted(set(classes) - set(of_training))
        lacking = sorted(set(of_training) - set(classes))
        if unknown or lacking:
            parts = [f"only in {split}: {', '.join(unknown)}"] if unknown else []
            parts += [f"only in train: {', '.join(lacking)}"] if lacking else []
            alike = alike_but_for_case(names)
            differ = f"{alike} differ in case alone; " if alike else ""
            raise DataError(
                f"{root}: train and {split} have different classes ({'; '.join(parts)})",
                hint=f"{differ}every split needs the same class folders",
            )
