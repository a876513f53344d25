"""Images and their masks in two folders: which belongs to which, and what has no other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.file_walk import FileWalk, subfolders
from bigmodel_cli.sources.sought_images import IMAGES
from bigmodel_cli.sources.split_names import split_named


@dataclass(frozen=True)
class Folders:
    """Where images and masks are.

    Attributes:
        root: The folder that paths are relative to.
        images: What the folder of images is called.
        masks: The same of masks.
        mask_suffix: What stands behind an image's name in that of its mask: `_mask`.
    """

    root: Path
    images: str
    masks: str
    mask_suffix: str = ""

    @property
    def hint(self) -> str:
        """How files may be arranged."""
        pair = f"{self.images}/NAME.png and {self.masks}/NAME{self.mask_suffix}.png"
        return f"arrange them as {pair} in {self.root}/, or in train/, val/ and test/ of it"


@dataclass(frozen=True)
class Pairs:
    """The images of one split with their masks.

    Attributes:
        images: Paths relative to the root, with `/` between their parts.
        masks: The same of the masks; None where there is none.
    """

    images: list[str] = field(default_factory=list)
    masks: list[str | None] = field(default_factory=list)


def find_pairs(folders: Folders, context: LoadContext) -> dict[SplitName, Pairs]:
    """Find images and masks.

    Args:
        folders: Where they are.
        context: Is told what is passed over.

    Raises:
        DataError: If they are arranged otherwise, or two masks are called alike.
    """
    root = folders.root
    if not root.is_dir():
        raise DataError(f"{root}: {'a file, not a folder' if root.exists() else 'no such folder'}")
    found: dict[SplitName, Pairs] = {}
    for place, split in _places(folders).items():
        for own, pairs in _pairs(folders, place, split, context).items():
            known = found.setdefault(own, Pairs())
            known.images.extend(pairs.images)
            known.masks.extend(pairs.masks)
    if "train" not in found and not context.for_evaluation:
        raise DataError(f"{root}: has {', '.join(sorted(found))} but no train/", hint=folders.hint)
    return {split: found[split] for split in ("train", "validation", "test") if split in found}


def _places(folders: Folders) -> dict[Path, SplitName | None]:
    """The folders that have both, with the split that they are; None: what is inside of them says it."""
    root = folders.root
    if (root / folders.images).is_dir():
        return {root: None}
    names = {entry.name: split_named(entry.name) for entry in subfolders(root)}
    places: dict[Path, SplitName | None] = {
        root / name: split
        for name, split in names.items()
        if split is not None and (root / name / folders.images).is_dir()
    }
    splits = list(places.values())
    if len(set(splits)) < len(splits):
        twice = ", ".join(f"{place.name}/" for place, split in places.items() if splits.count(split) > 1)
        raise DataError(f"{root}: {twice} are the same split", hint="keep one of them")
    if not places:
        found = some((f"{name}/" for name in names), 8) or "no folders"
        raise DataError(f"{root}: no {folders.images}/ in it (it has {found})", hint=folders.hint)
    return places


def _pairs(
    folders: Folders, place: Path, split: SplitName | None, context: LoadContext
) -> dict[SplitName, Pairs]:
    """The images of one folder with their masks; `images/train/1.png` says its split itself."""
    masks_in = place / folders.masks
    if not masks_in.is_dir():
        raise DataError(f"{place}: has {folders.images}/ but no {folders.masks}/", hint=folders.hint)
    images, masks = (_by_name(place / name, context) for name in (folders.images, folders.masks))
    if not images:
        raise DataError(f"{place / folders.images}: no images", hint=folders.hint)
    found: dict[SplitName, Pairs] = {}
    for name, image in images.items():
        own = split or split_named(name.partition("/")[0] if "/" in name else "") or "train"
        pairs = found.setdefault(own, Pairs())
        pairs.images.append(_inside(folders.root, image))
        mask = masks.pop(f"{name}{folders.mask_suffix}", None)
        pairs.masks.append(None if mask is None else _inside(folders.root, mask))
    if masks:
        left = some((_inside(folders.root, path) for path in masks.values()), 3)
        context.warn(f"{masks_in}: {len(masks):,} masks have no image and are left out: {left}")
    return found


def _by_name(folder: Path, context: LoadContext) -> dict[str, str]:
    """The images of a folder by their path in it, without the suffix."""
    walk = FileWalk(IMAGES)
    found: dict[str, str] = {}
    for path in walk.files_below(folder):
        name = str(PurePosixPath(Path(path).relative_to(folder).with_suffix("").as_posix()))
        if name in found:
            raise DataError(f"{path}: {found[name]} is called alike", hint="keep one of them")
        found[name] = path
    if (passed_over := walk.passed_over.sentence()) is not None:
        context.warn(passed_over)
    return found


def _inside(root: Path, path: str) -> str:
    return path.removeprefix(f"{root}{os.sep}").replace(os.sep, "/")


def without_mask(root: Path, image: str, folders: Folders) -> DataError:
    """The error of an image that has no mask."""
    name = f"{PurePosixPath(image).stem}{folders.mask_suffix}"
    return DataError(
        f"{root / image}: has no mask called {name} in {folders.masks}/",
        hint="add it, or take the image out",
    )


def counts_of(pairs: Mapping[SplitName, Pairs]) -> Sequence[int]:
    """How many images each split has."""
    return [len(one.images) for one in pairs.values()]
