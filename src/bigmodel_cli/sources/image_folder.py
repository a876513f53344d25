"""Images in a folder per class: `photos/cat/1.jpg`, or `photos/train/cat/1.jpg` beside `val/` and `test/`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, Signature, Source, SplitName
from bigmodel_cli.sources.image_decoding import IMAGE_SUFFIXES, is_image_name
from bigmodel_cli.sources.image_files import ListedFiles, checked_source
from bigmodel_cli.sources.image_options import ImageFileOptions

SPLIT_FOLDERS: Mapping[str, SplitName] = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}
_CLUTTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "@eaDir", "$RECYCLE.BIN"})
_ARRANGEMENT = (
    "arrange them as {root}/CLASS/IMAGE, or as {root}/train/CLASS/IMAGE with val/ and test/ beside train/"
)


class ImageFolder(ImageFileOptions):
    """Images in one folder per class, decoded as they are needed."""

    source_name: ClassVar[str] = "image_folder"
    example: ClassVar[str] = "{image_folder: {path: photos/, image_size: [128, 128]}}"

    path: ConfigPath = Field(
        description="A folder with a folder per class, or with train/, val/ and test/ that have them."
    )

    def facts(self) -> DataFacts:
        return DataFacts("classes", has_files=True)

    def load(self, context: LoadContext) -> Source:
        import numpy as np

        _check_root(self.path)
        scan = _Scan(context)
        found = {split: scan.classes(folder) for split, folder in _split_folders(self.path, context).items()}
        scan.warn_of_ignored()
        class_names = _same_classes(self.path, found)
        listed: dict[SplitName, ListedFiles] = {}
        for split, classes in found.items():
            files = [file for name in class_names for file in classes[name]]
            labels = np.repeat(np.arange(len(class_names)), [len(classes[name]) for name in class_names])
            paths = [file.relative_to(self.path).as_posix() for file in files]
            listed[split] = ListedFiles(paths, labels.astype(np.int64))
        signature = Signature(self.image_format.shape, "uint8", class_names, image_format=self.image_format)
        return checked_source(self.path, listed, signature, context)


def _check_root(root: Path) -> None:
    if not root.is_dir():
        raise DataError(f"{root}: {'a file, not a folder' if root.exists() else 'no such folder'}")
    if not any(_visible(root)):
        raise DataError(f"{root}: the folder is empty", hint=_ARRANGEMENT.format(root=root))


def _visible(folder: Path) -> Iterator[Path]:
    """What is in a folder, sorted by name, without hidden files, what systems leave behind, and loops.

    Raises:
        DataError: If the folder may not be read.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from error
    for path in paths:
        if not path.name.startswith(".") and path.name not in _CLUTTER and not _is_loop(path):
            yield path


def _is_loop(path: Path) -> bool:
    """Whether it is a link to a folder that it is in."""
    if not path.is_symlink() or not path.is_dir():
        return False
    target, folder = path.resolve(), path.parent.resolve()
    return target == folder or target in folder.parents


def _subfolders(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_dir()]


def _split_folders(root: Path, context: LoadContext) -> dict[SplitName, Path]:
    """The folder of each split; one folder without splits is all training.

    A folder `train` with images in it is a class (of vehicles, say); with folders in it, it is a split.
    """
    folders = {path.name: path for path in _subfolders(root)}
    named = {name: path for name, path in folders.items() if name in SPLIT_FOLDERS}
    if not ("train" in folders and _subfolders(folders["train"])):
        if named and len(named) == len(folders) and "train" not in named:
            raise DataError(f"{root}: has {', '.join(f'{name}/' for name in named)} but no train/")
        return {"train": root}
    splits: dict[SplitName, Path] = {}
    for name, path in sorted(named.items(), key=lambda item: list(SPLIT_FOLDERS).index(item[0])):
        split = SPLIT_FOLDERS[name]
        if split in splits:
            raise DataError(
                f"{root}: has both {splits[split].name}/ and {name}/ for {split}", hint="keep one of them"
            )
        splits[split] = path
    others = [name for name in folders if name not in named]
    if others:
        context.warn(f"{root}: ignored {', '.join(f'{name}/' for name in others)} beside train/")
    return splits


class _Scan:
    """Finds the images of classes, and remembers what it passes over."""

    def __init__(self, context: LoadContext) -> None:
        self.context = context
        self.ignored: list[Path] = []

    def classes(self, folder: Path) -> dict[str, list[Path]]:
        """Image files by class, both sorted by name.

        Raises:
            DataError: If there are no class folders, or one has no image.
        """
        folders = _subfolders(folder)
        loose = [path for path in _visible(folder) if path.is_file() and is_image_name(path.name)]
        if not folders:
            what = f"{len(loose):,} images but no class folders" if loose else "no class folders"
            raise DataError(f"{folder}: {what}", hint=_ARRANGEMENT.format(root=folder))
        self.ignored += loose
        classes = {path.name: self._images(path) for path in folders}
        empty = [name for name, files in classes.items() if not files]
        if empty:
            raise DataError(
                f"{folder}: no image in the class folder {', '.join(f'{name}/' for name in empty)}",
                hint=f"add images ({', '.join(sorted(IMAGE_SUFFIXES))}) or remove the folder",
            )
        return classes

    def _images(self, folder: Path) -> list[Path]:
        images: list[Path] = []
        for path in _files_below(folder):
            (images if is_image_name(path.name) else self.ignored).append(path)
        return sorted(images, key=lambda path: path.relative_to(folder).parts)

    def warn_of_ignored(self) -> None:
        if self.ignored:
            count = len(self.ignored)
            files = "1 file that is" if count == 1 else f"{count:,} files that are"
            self.context.warn(f"ignored {files} no image in a class folder, for example {self.ignored[0]}")


def _files_below(folder: Path) -> Iterator[Path]:
    """All files in a folder and its subfolders; a folder that is linked twice counts once."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        status = current.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        for path in _visible(current):
            if path.is_dir():
                waiting.append(path)
            else:
                yield path


def _same_classes(root: Path, found: Mapping[SplitName, Mapping[str, object]]) -> tuple[str, ...]:
    """The class names, the same in every split.

    Raises:
        DataError: If splits differ, or there is only one class.
    """
    names = tuple(sorted(found["train"]))
    if len(names) < 2:
        raise DataError(
            f"{root}: only one class ({names[0]}); a classifier needs at least two",
            hint=_ARRANGEMENT.format(root=root),
        )
    for split, classes in found.items():
        unknown = sorted(set(classes) - set(names))
        lacking = sorted(set(names) - set(classes))
        if unknown or lacking:
            parts = [f"only in {split}: {', '.join(unknown)}"] if unknown else []
            parts += [f"only in train: {', '.join(lacking)}"] if lacking else []
            raise DataError(
                f"{root}: train and {split} have different classes ({'; '.join(parts)})",
                hint="every split needs the same class folders",
            )
    return names
