"""One pass over the examples, in which each file is read and decoded once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.audit.sums import Sums, sums_of
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.audit import Features
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import Examples, SplitName
from bigmodel_cli.whole_files import sha256_of

# Examples that a thread measures at once, and what they may take in memory.
_GROUP = 1024
_GROUP_BYTES = 8 * 2**20


def short_name(examples: Examples, index: int) -> str:
    """What an example is called: a file's path relative to its source's root, or `train[17]`."""
    files, positions = examples.store.files, examples.store.positions
    if files is None or positions is None:
        return examples.name(index)
    return files.paths[int(positions[index])]


@dataclass(frozen=True)
class Unreadable:
    """A file that is no example, and why."""

    split: SplitName
    name: str
    reason: str

    @classmethod
    def of(cls, split: SplitName, name: str, problem: DataError) -> Unreadable:
        """The file of a problem, whose message begins with the whole path."""
        _, found, reason = problem.message.partition(f"{name}: ")
        return cls(split, name, reason if found else problem.message)


@dataclass(frozen=True, eq=False)
class Measured:
    """Examples that can be read, of all splits, one after the other; axis 0 of each array counts them.

    Attributes:
        split_names: In the order of their examples.
        splits: int64 places in `split_names`, of shape (n,).
        indices: int64 indices in their split, of shape (n,).
        digests: sha256 of each one's file, or of its array's bytes.
        constant: bool of shape (n,): all numbers of the example are the same.
        thumbs: float16 of shape (n, height, width); None where examples are no images.
        files: What the headers of files say; empty where examples are no files.
        sums: By split.
        unreadable: Files that could not be read.
        faults: Which examples have some, bool of shape (n,), by the words behind `are`.
    """

    split_names: Sequence[SplitName]
    splits: np.ndarray
    indices: np.ndarray
    digests: Sequence[bytes]
    constant: np.ndarray
    thumbs: np.ndarray | None
    files: Sequence[Any]
    sums: Mapping[SplitName, Sums]
    unreadable: Sequence[Unreadable]
    faults: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.indices)

    def split_of(self, number: int) -> SplitName:
        return self.split_names[int(self.splits[number])]


@dataclass
class _Group:
    """What was found of some examples of a split."""

    split: SplitName
    indices: list[int]
    digests: list[bytes]
    constant: np.ndarray
    thumbs: np.ndarray | None
    files: list[Any]
    sums: Sums | None
    unreadable: list[Unreadable] = field(default_factory=list)
    faults: Mapping[str, np.ndarray] = field(default_factory=dict)


def measure(
    splits: Splits,
    chosen: Mapping[SplitName, np.ndarray],
    progress: Callable[[str, int, int | None], None],
) -> Measured:
    """Read examples once, by a thread per core.

    Args:
        splits: The data.
        chosen: int64 indices of those that are read, by split.
        progress: Called with a label, the examples done, and their total.
    """
    total = sum(map(len, chosen.values()))
    groups: list[_Group] = []
    done = 0
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="audit") as threads:
        tasks = list(_tasks(splits, chosen))
        for group in threads.map(lambda task: _measure(splits, *task), tasks):
            groups.append(group)
            done += len(group.indices) + len(group.unreadable)
            progress("looking at the examples", done, total)
    return _joined(groups, list(splits.parts))


def _tasks(splits: Splits, chosen: Mapping[SplitName, np.ndarray]) -> Iterator[tuple[SplitName, np.ndarray]]:
    size = max(1, min(_GROUP, _GROUP_BYTES // max(1, splits.signature.seen.num_bytes)))
    for split, indices in chosen.items():
        for start in range(0, len(indices), size):
            yield split, indices[start : start + size]


def _measure(splits: Splits, split: SplitName, indices: np.ndarray) -> _Group:
    examples, looks = splits.parts[split], part_of(splits.signature.seen, Features)
    group = _Group(split, [], [], np.zeros(0, np.bool_), None, [], None)
    features = _read(examples, indices, group, looks)
    if not len(features):
        return group
    flat = features.reshape(len(features), -1)
    group.constant = (flat == flat[:, :1]).all(axis=1)
    group.sums = sums_of(looks.channels(features))
    group.thumbs = looks.thumbnails(features)
    group.faults = looks.faults(features)
    return group


def _read(examples: Examples, indices: np.ndarray, group: _Group, looks: Features) -> np.ndarray:
    """The features of those that can be read, and into the group what they are."""
    read = []
    for index in indices.tolist():
        try:
            pixels = examples.read(index)
            digest, file = _described(examples, index, pixels, looks)
        except DataError as error:
            group.unreadable.append(Unreadable.of(group.split, short_name(examples, index), error))
            continue
        read.append(pixels)
        group.indices.append(index)
        group.digests.append(digest)
        group.files += [] if file is None else [file]
    return np.stack(read) if read else np.zeros((0, 1))


def _described(examples: Examples, index: int, pixels: np.ndarray, looks: Features) -> tuple[bytes, Any]:
    if examples.store.files is None:
        return hashlib.sha256(pixels.tobytes()).digest(), None
    path = Path(examples.name(index))
    header = looks.header(path)
    try:
        digest = bytes.fromhex(sha256_of(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    return digest, header


def _joined(groups: Sequence[_Group], names: Sequence[SplitName]) -> Measured:
    sums: dict[SplitName, Sums] = {}
    for group in groups:
        if group.sums is None:
            continue
        if group.split in sums:
            sums[group.split].add(group.sums)
        else:
            sums[group.split] = group.sums
    thumbs = [group.thumbs for group in groups if group.thumbs is not None]
    names_of_faults = dict.fromkeys(name for group in groups for name in group.faults)
    return Measured(
        names,
        np.concatenate([np.full(len(group.indices), names.index(group.split)) for group in groups]),
        np.concatenate([np.array(group.indices, np.int64) for group in groups]),
        [digest for group in groups for digest in group.digests],
        np.concatenate([group.constant for group in groups]),
        np.concatenate(thumbs) if thumbs else None,
        [file for group in groups for file in group.files],
        sums,
        [problem for group in groups for problem in group.unreadable],
        {
            name: np.concatenate([group.faults[name] for group in groups if group.faults])
            for name in names_of_faults
        },
    )
