"""The files of one sort in a folder: one walk for training, `predict` and `init`, and what it passes over."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.names import suffix_of

# What systems and tools leave behind; nobody misses it.
_CLUTTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini", "@eaDir", "$RECYCLE.BIN", ".DS_Store", ".git"})
# So many entries of a hidden folder are looked at for a file that is sought.
_HIDDEN_LOOK = 1000
# So many suffixes are named; a folder of other things has hundreds.
_NAMED_SUFFIXES = 8


# What is passed over though it may be what is sought, in the words and the order in which it is said.
_LOOSE, _HIDDEN, _CLOSED, _NO_FILE = _REASONS = (
    "outside of class folders",
    "hidden",
    "closed to you",
    "that no file is behind",
)


class Sought(ABC):
    """Which files a walk is for: those of one sort, by their names.

    Attributes:
        noun: What one of them is called.
        plural: The same of several.
    """

    noun: ClassVar[str]
    plural: ClassVar[str]

    @property
    @abstractmethod
    def suffixes(self) -> Collection[str]:
        """The suffixes of files that are taken, in lower case."""

    def takes(self, name: str) -> bool:
        """Whether a file of this name is taken."""
        return suffix_of(name) in self.suffixes

    @abstractmethod
    def is_kin(self, suffix: str) -> bool:
        """Whether a file with a suffix may be missed where it is not taken."""

    @abstractmethod
    def ways_out(self, suffixes: Collection[str]) -> Sequence[str]:
        """What to do to use files with some suffixes that were not taken."""


@dataclass
class PassedOver:
    """What a walk found and did not take.

    Attributes:
        sought: What the walk is for.
        suffixes: Files that are not taken, by their suffix.
        others: Files outside of class folders; hidden ones, and hidden folders with some in them; folders
            that may not be read; pipes, devices and links in circles that are named like what is sought.
        first: The path of one of them.
    """

    sought: Sought
    suffixes: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    first: str | None = None

    @property
    def loose(self) -> int:
        """How many files are outside of class folders."""
        return self.others[_LOOSE]

    def note_file(self, path: str) -> None:
        self._note(self.suffixes, suffix_of(path) or "without a suffix", path)

    def note(self, reason: str, path: str) -> None:
        self._note(self.others, reason, path)

    def _note(self, counts: Counter[str], kind: str, path: str) -> None:
        counts[kind] += 1
        self.first = self.first or path

    def sentence(self) -> str | None:
        """What was passed over, with every suffix that has a meaning; None where nothing was."""
        if self.first is None:
            return None
        kinds = [f"{count:,} {suffix}" for suffix, count in self._most_common()]
        kinds += [f"{self.others[reason]:,} {reason}" for reason in _REASONS if self.others[reason]]
        first = self.first.removeprefix(f".{os.sep}")
        ways = self.sought.ways_out(self.suffixes)
        return "; ".join([f"passed over {', '.join(kinds)}, for example {first}", *ways])

    def _most_common(self) -> list[tuple[str, int]]:
        """What may be missed first, then the rest by how many there are."""
        is_kin = self.sought.is_kin
        order = sorted(self.suffixes.items(), key=lambda item: (not is_kin(item[0]), -item[1], item[0]))
        shown, rest = order[:_NAMED_SUFFIXES], order[_NAMED_SUFFIXES:]
        return [*shown, (f"of {len(rest)} other kinds", sum(count for _, count in rest))] if rest else shown


def visible(folder: str | Path) -> list[os.DirEntry[str]]:
    """What counts in a folder, sorted by name: nothing hidden, nothing that systems leave behind, no loops.

    Raises:
        DataError: If it may not be read.
    """
    return [entry for entry in _listed(folder) if _counts(entry)]


def subfolders(folder: str | Path) -> list[os.DirEntry[str]]:
    """The folders in a folder that count, sorted by name.

    Raises:
        DataError: If it may not be read.
    """
    return [entry for entry in visible(folder) if _is_folder(entry)]


class FileWalk:
    """Finds files of one sort in folders.

    Hidden files and folders and what systems leave behind do not count; links are followed, but not into
    a folder that they are in, and no folder twice. A link that leads nowhere counts as the file that its
    name says, which then cannot be read.

    Args:
        sought: Which files.
        needs_all: Whether a folder that may not be read, and what is named like one of them and is no file,
            is an error; else it is passed over.

    Attributes:
        passed_over: What was not taken.
    """

    def __init__(self, sought: Sought, *, needs_all: bool = True) -> None:
        self.sought = sought
        self.passed_over = PassedOver(sought)
        self._needs_all = needs_all

    def class_folders(self, folder: str | Path) -> list[os.DirEntry[str]]:
        """The folders in a folder, sorted by name; files beside them are passed over.

        Raises:
            DataError: If it may not be read, and all must be.
        """
        entries = self._visible(folder)
        for entry in entries:
            if _is_folder(entry):
                continue
            if self.sought.takes(entry.name):
                self.passed_over.note(_LOOSE, entry.path)
            elif self.sought.is_kin(suffix_of(entry.name)):
                self.passed_over.note_file(entry.path)
        return [entry for entry in entries if _is_folder(entry)]

    def files_below(self, folder: str | Path) -> Iterator[str]:
        """The paths of all files that are sought in a folder and those below, in the order that paths have.

        Raises:
            DataError: If a folder may not be read, and all must be.
        """
        return self._files(str(folder), set())

    def _files(self, folder: str, seen: set[tuple[int, int]]) -> Iterator[str]:
        if _is_again(folder, seen):
            return
        for entry in self._visible(folder):
            if _is_folder(entry):
                yield from self._files(entry.path, seen)
            elif self.sought.takes(entry.name):
                if self._needs_all or _may_be_file(entry):
                    yield entry.path
                else:
                    self.passed_over.note(_NO_FILE, entry.path)
            else:
                self.passed_over.note_file(entry.path)

    def _visible(self, folder: str | Path) -> list[os.DirEntry[str]]:
        """What counts; hidden files that are sought are noted."""
        try:
            found = _listed(folder)
        except DataError:
            if self._needs_all:
                raise
            self.passed_over.note(_CLOSED, str(folder))
            return []
        for entry in found:
            if self._is_hidden(entry):
                self.passed_over.note(_HIDDEN, entry.path)
        return [entry for entry in found if _counts(entry)]

    def _is_hidden(self, entry: os.DirEntry[str]) -> bool:
        """Whether it is a hidden file that is sought, or a hidden folder with such files in it."""
        if not entry.name.startswith(".") or entry.name in _CLUTTER:
            return False
        return self._holds_any(entry.path) if _is_folder(entry) else self.sought.takes(entry.name)

    def _holds_any(self, folder: str) -> bool:
        """Whether there is one somewhere in a folder, as far as a short look tells."""
        names = (name for _, _, files in os.walk(folder) for name in files)
        return any(map(self.sought.takes, itertools.islice(names, _HIDDEN_LOOK)))


def _listed(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from error


def _counts(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and entry.name not in _CLUTTER and not _is_loop(entry)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder; a link that cannot be followed, as one in a circle, is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _may_be_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a link to one that is not there or closed; no pipe, no device, no circle."""
    if entry.is_file(follow_symlinks=False):
        return True  # Without a call of the system.
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError as error:
        return error.errno != errno.ELOOP


def _is_again(folder: str, seen: set[tuple[int, int]]) -> bool:
    """Whether a folder was walked through before; from now on it was."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - a folder may have a million others
    except OSError:
        return False  # Listing it will say why.
    key = (status.st_dev, status.st_ino)
    if key in seen:
        return True
    seen.add(key)
    return False


def _is_loop(entry: os.DirEntry[str]) -> bool:
    """Whether it is a link to a folder that it is in."""
    if not entry.is_symlink() or not _is_folder(entry):
        return False
    path = Path(entry.path)
    target, folder = path.resolve(), path.parent.resolve()
    return target == folder or target in folder.parents
