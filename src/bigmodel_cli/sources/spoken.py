"""Recordings and what is said in them: `a.wav` and `a.txt`, or lines of `*.trans.txt` as in LibriSpeech."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audio.files.names import SOUND_SUFFIXES
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.file_walk import FileWalk, subfolders
from bigmodel_cli.sources.sought_sounds import SoughtSounds
from bigmodel_cli.sources.sought_texts import TEXT_SUFFIXES
from bigmodel_cli.sources.split_names import split_named
from bigmodel_cli.sources.text_reading import read_text

# A line has the name of a recording in the same folder, a blank, and what is said.
LISTS = ".trans.txt"
_SPLITS: Sequence[SplitName] = ("train", "validation", "test")


class _SoughtSpoken(SoughtSounds):
    """Sounds, and the texts beside them."""

    plural: ClassVar[str] = "sounds and texts"

    @property
    def suffixes(self) -> Collection[str]:
        return SOUND_SUFFIXES | TEXT_SUFFIXES


@dataclass(frozen=True)
class Spoken:
    """The recordings of one split.

    Attributes:
        paths: Relative to the root, with `/` between their parts.
        texts: What is said in each; the reason where that is not known.
    """

    paths: list[str] = field(default_factory=list)
    texts: list[str | DataError] = field(default_factory=list)


def find_spoken(root: Path, encoding: str | None, context: LoadContext) -> dict[SplitName, Spoken]:
    """Find recordings and what is said in them.

    Args:
        root: The folder, or one with a folder for each split (`train-clean-100/` is one of train).
        encoding: Of the letters; None: recognised.
        context: Is told what is passed over.

    Raises:
        DataError: If there are none, or none of training.
    """
    if not root.is_dir():
        raise DataError(f"{root}: {'a file, not a folder' if root.exists() else 'no such folder'}")
    walk = FileWalk(_SoughtSpoken())
    found: dict[SplitName, Spoken] = {}
    for folder, split in _folders(root, context).items():
        sounds, said = _pairs([*walk.files_below(folder)], encoding, context)
        spoken = found.setdefault(split, Spoken())
        spoken.paths.extend(_inside(root, sound) for sound in sounds)
        spoken.texts.extend(said)
    if (passed_over := walk.passed_over.sentence()) is not None:
        context.warn(passed_over)
    found = {split: found[split] for split in _SPLITS if split in found and found[split].paths}
    if not found:
        raise DataError(f"{root}: no sounds in it", hint=_arrangement(root))
    if "train" not in found and not context.for_evaluation:
        raise DataError(f"{root}: has {', '.join(found)} but no train/", hint=_arrangement(root))
    return found


def _arrangement(root: Path) -> str:
    return f"write what is said in {root}/1.wav into {root}/1.txt, or arrange both in train/, val/ and test/"


def _folders(root: Path, context: LoadContext) -> Mapping[Path, SplitName]:
    """The folders of each split; one without such is all training."""
    names = [entry.name for entry in subfolders(root)]
    named = {name: split for name in names if (split := _split_of(name)) is not None}
    if "train" not in named.values() and len(named) < len(names):
        named = {}
    if not named:
        return {root: "train"}
    if others := [f"{name}/" for name in names if name not in named]:
        context.warn(f"{root}: ignored {some(others, 8)} beside {next(iter(named))}/")
    return {root / name: split for name, split in named.items()}


def _split_of(name: str) -> SplitName | None:
    """The split that a folder's name says: `train`, `dev-clean`, `test_other`."""
    return split_named(name) or split_named(re.split("[-_ ]", name)[0])


def _pairs(
    files: Sequence[str], encoding: str | None, context: LoadContext
) -> tuple[list[str], list[str | DataError]]:
    """The sounds among files, and what is said in each."""
    texts = {_stem(path): path for path in files if Path(path).suffix.lower() in TEXT_SUFFIXES}
    listed: dict[str, str | DataError] = {}
    for stem, path in sorted(texts.items()):
        if path.lower().endswith(LISTS):
            del texts[stem]
            _take_lines(Path(path), encoding, listed)
    sounds = [path for path in files if Path(path).suffix.lower() in SOUND_SUFFIXES]
    said = [_said(sound, texts, listed, encoding) for sound in sounds]
    if left := [*sorted(texts.values()), *listed]:
        context.warn(f"{len(left):,} texts have no sound and are left out: {some(left, 3)}")
    return sounds, said


def _said(
    sound: str, texts: dict[str, str], listed: dict[str, str | DataError], encoding: str | None
) -> str | DataError:
    """What is said in a recording, whose text is taken out of those that are left."""
    stem = _stem(sound)
    own = texts.pop(stem, None)
    if own is not None:
        try:
            text = read_text(Path(own), encoding)
        except DataError as error:
            return error
    elif stem in listed:
        told = listed.pop(stem)
        if isinstance(told, DataError):
            return told
        text = told
    else:
        hint = f"write it into {Path(stem).name}.txt beside it, or take the sound out"
        return DataError(f"{sound}: what is said in it stands nowhere", hint=hint)
    return text if text.split() else DataError(f"{own or sound}: nothing is said in it: its text is empty")


def _take_lines(path: Path, encoding: str | None, listed: dict[str, str | DataError]) -> None:
    """Take what a list says of recordings beside it, by their path without a suffix.

    Raises:
        DataError: If it is no text.
    """
    for line in read_text(path, encoding).split("\n"):
        name, text = (*line.split(maxsplit=1), "", "")[:2]
        if name and listed.setdefault(str(path.parent / name), text) != text:
            listed[str(path.parent / name)] = DataError(
                f"{path}: what is said in {name} is there twice, and differs",
                hint="take one of its lines out",
            )


def _stem(path: str) -> str:
    """A path without its suffix."""
    return str(Path(path).with_suffix(""))


def _inside(root: Path, path: str) -> str:
    return path.removeprefix(f"{root}{os.sep}").replace(os.sep, "/")
