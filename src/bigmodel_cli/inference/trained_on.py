"""Which examples a run's weights have learned from: by what they hold, and not by their names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import BigmodelError
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.run_folder import ADOPTED, RunFolder
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.files import Files
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.whole_files import write_whole

# Of a large file so much is read at its beginning, in its middle and at its end.
_BLOCK = 4096


@dataclass(frozen=True)
class TrainedOn:
    """What a run's weights have learned from, as far as that is known.

    Attributes:
        digests: Of each example, as the run has noted them; None where it has not.
        train: The training split itself, where it is as it was; None where it need not, or cannot be asked.
        has_changed: Whether neither is known since the data are others by now.
        is_gone: The same, since they cannot be read any more.
    """

    digests: np.ndarray | None = None
    train: Examples | None = None
    has_changed: bool = False
    is_gone: bool = False

    def count(self, examples: Examples) -> int | None:
        """How many of some examples are among them.

        Returns:
            The count; None where it cannot be told, or only decoding all of them would tell.
        """
        if self.digests is not None:
            own = digests_of(examples)
            return None if own is None else int(np.isin(own, self.digests).sum())
        return None if self.train is None else _count(self.train, examples)


def trained_on(run: RunFolder, experiment: Experiment | None = None) -> TrainedOn:
    """What a run has learned from: what it has noted, else its data, where they are still the same.

    Args:
        run: The run.
        experiment: Its config, where that is known already.
    """
    if (noted := _read(run)) is not None:
        return TrainedOn(noted)
    if ADOPTED in run.read_record():
        # Whoever trained it elsewhere knows.
        return TrainedOn()
    try:
        train = load_splits(experiment or read_experiment(run), Silent(), offline=True).train
    except BigmodelError:
        return TrainedOn(is_gone=True)
    recorded = run.read_record().get("data", {}).get("splits", {}).get("train", {}).get("sha256")
    return TrainedOn(train=train) if train.fingerprint() == recorded else TrainedOn(has_changed=True)


def note_trained_on(run: RunFolder, train: Examples, parent: RunFolder | None, *, has_files: bool) -> None:
    """Note in a run's folder what its weights learn from, and what those learned from that they begin as.

    Args:
        run: Whose folder.
        train: What it learns from.
        parent: The run that it starts from.
        has_files: Whether these are the user's own; data that come with bigmodel are always the same, and
            need no note.
    """
    before = None if parent is None else _read(parent)
    if before is None and not has_files:
        return
    digests = digests_of(train)
    if digests is None:
        return
    noted = np.unique(digests if before is None else np.concatenate([digests, before]))

    def write(place: Path) -> None:
        with place.open("wb") as file:
            np.save(file, noted, allow_pickle=False)

    write_whole(run.trained_on, write)


def _read(run: RunFolder) -> np.ndarray | None:
    """What a run has noted; None where it is of an earlier version, or the note is damaged."""
    if not run.trained_on.exists():
        return None
    try:
        noted: Any = np.load(run.intact(run.trained_on), allow_pickle=False)
    except (BigmodelError, OSError, ValueError, EOFError):
        return None
    fits = isinstance(noted, np.ndarray) and noted.dtype == np.uint64 and noted.ndim == 1
    return noted if fits else None


def digests_of(examples: Examples) -> np.ndarray | None:
    """uint64 digests of what each example holds, of shape (n,); None where all would have to be decoded."""
    columns = []
    for store in examples.inputs.values():
        if store.files is not None:
            columns.append([_digest(_part(path, size)) for path, size in _sized(store, store.files)])
        elif store.array is not None:
            columns.append([_digest(row) for row in _rows(store)])
        else:
            return None
    digests = (
        columns[0] if len(columns) == 1 else [_digest(b"".join(row)) for row in zip(*columns, strict=True)]
    )
    return np.frombuffer(b"".join(digests), np.uint64)


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).digest()


def _part(path: Path, size: int) -> bytes:
    """What tells a file from others, although little of a large one is read: parts of it, and its size.

    A file that cannot be read is like no other.
    """
    try:
        with path.open("rb") as file:
            parts = [] if size > 3 * _BLOCK else [file.read()]
            for place in (0, size // 2, size - _BLOCK) if size > 3 * _BLOCK else ():
                file.seek(place, os.SEEK_SET)
                parts.append(file.read(_BLOCK))
    except OSError:
        parts = [os.fsencode(path.resolve())]
    return b"".join([size.to_bytes(8, "little"), *parts])


def _count(train: Examples, examples: Examples) -> int | None:
    if len(train.inputs) > 1 or len(examples.inputs) > 1:
        return None
    own, other = train.store.files, examples.store.files
    if own is not None and other is not None:
        return _same_files(_sized(train.store, own), _sized(examples.store, other))
    if own is not None or other is not None or train.store.shape != examples.store.shape:
        return None
    known = set(map(_digest, _rows(train.store)))
    return sum(_digest(row) in known for row in _rows(examples.store))


def _same_files(train: Sequence[tuple[Path, int]], examples: Sequence[tuple[Path, int]]) -> int:
    """Files that are the same, or hold the same bytes; only those of equal size are read."""
    sizes = {size for _, size in train} & {size for _, size in examples}
    own, other = ([path for path, size in files if size in sizes] for files in (train, examples))
    # One file under two paths need not be read.
    places = {path.resolve() for path in own}
    unseen = [path for path in other if path.resolve() not in places]
    contents = {_content(path) for path in own} if unseen else set()
    return len(other) - len(unseen) + sum(_content(path) in contents for path in unseen)


def _sized(store: Store, files: Files) -> Sequence[tuple[Path, int]]:
    """Paths of the files of a column, each with its size."""
    assert store.positions is not None
    return [(files.path(position), int(files.sizes[position])) for position in store.positions.tolist()]


def _content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _rows(store: Store) -> Iterator[bytes]:
    """What tells each value from others, whatever dtype it came in."""
    is_number = store.dtype.kind in "biuf"
    for index in range(len(store)):
        value = store.read(index)
        yield (
            np.ascontiguousarray(value, np.float32).tobytes() if is_number else repr(value.tolist()).encode()
        )
