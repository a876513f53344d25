"""Packed data: examples as they are trained on, in a few large files, with an index that finds each at once.

folder/
  index.json                     what the examples are, size and sha256 of every other file
  index.npz                      for each split: labels, names, where each example is, and columns beside it
  train-00000-of-00008.tfrecord  TFRecord files of tf.train.Example: `features` (the bytes of the array),
                                 `label`, `name`

The index points into the records, so that reading an example is one read of its bytes, in any order, by as
many processes as there are; other programs read the same files from the beginning to the end.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from bigmodel_cli.errors import DataError
from bigmodel_cli.signature import signature_from_json, slugs, with_named_columns
from bigmodel_cli.sources.base import Examples, Source, SplitName
from bigmodel_cli.sources.packed_rows import BESIDE, WITH_GAPS, joined_texts, open_rows, split_texts
from bigmodel_cli.sources.packed_rows import VERSION as ROWS
from bigmodel_cli.sources.stores import ArrayStore, CodedStore, PlacedStore, Store, add_array
from bigmodel_cli.whole_files import read_sealed, sha256_of

if TYPE_CHECKING:
    import numpy as np

INDEX, ARRAYS = "index.json", "index.npz"
VERSION = 2
SPLITS: Sequence[SplitName] = ("train", "validation", "test")
# How numbers are stored, by version 1, which packed big-endian arrays as they were.
_STORED_DTYPE = "stored_dtype"
_HINT = "pack the data again: bigmodel data pack CONFIG"


@dataclass(frozen=True, eq=False)
class PackedSplit:
    """Where the examples of one split are; axis 0 of each array counts them.

    Attributes:
        labels: As `Examples.labels`.
        shards: Numbers of their files: int32.
        offsets: Where the bytes of their features begin in it: int64.
        checksums: CRC-32 of these bytes: uint32.
        names: All names, one after the other, in UTF-8: uint8.
        name_ends: Where each of them ends: int64.
    """

    labels: np.ndarray
    shards: np.ndarray
    offsets: np.ndarray
    checksums: np.ndarray
    names: np.ndarray
    name_ends: np.ndarray

    def arrays(self, split: str) -> dict[str, np.ndarray]:
        """By the names that they have in the index."""
        return {f"{split}_{name}": array for name, array in vars(self).items()}

    @classmethod
    def of(cls, split: str, arrays: Mapping[str, np.ndarray]) -> PackedSplit:
        return cls(**{name: arrays[f"{split}_{name}"] for name in cls.__dataclass_fields__})


def arrays_beside(split: str, stores: Mapping[str, Store], indices: np.ndarray) -> dict[str, np.ndarray]:
    """Columns that are no inputs as arrays of the index: values, or places among texts and these texts.

    Args:
        split: Whose they are.
        stores: By name.
        indices: Of the examples that are packed.
    """
    found = {}
    for name, slug in slugs(sorted(stores)).items():
        store, key = stores[name], f"{split}_{BESIDE}_{slug}"
        found[key] = store.gather(indices)
        if store.names is not None:
            found[f"{key}.texts"], found[f"{key}.ends"] = joined_texts(store.names)
    return found


def _stores_beside(
    split: str, names: Sequence[str], arrays: Mapping[str, np.ndarray]
) -> dict[str, ArrayStore | CodedStore]:
    """What `arrays_beside` made arrays of."""
    found: dict[str, ArrayStore | CodedStore] = {}
    for name, slug in slugs(names).items():
        key = f"{split}_{BESIDE}_{slug}"
        if f"{key}.texts" in arrays:
            texts = split_texts(arrays[f"{key}.texts"], arrays[f"{key}.ends"])
            found[name] = CodedStore(arrays[key], texts, split)
        else:
            found[name] = ArrayStore(arrays[key], split)
    return found


class Shards:
    """The files of packed data, each opened when it is needed; several threads read at once.

    Args:
        paths: Of the files, by number.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self._files: dict[int, BinaryIO] = {}
        self._opening = threading.Lock()

    def read_into(self, number: int, offset: int, out: memoryview) -> bool:
        """Fill `out`; whether there was enough to do so.

        Raises:
            OSError: If the file cannot be read.
        """
        if not hasattr(os, "preadv"):
            with self.paths[number].open("rb", buffering=0) as file:
                file.seek(offset)
                return _fill(out, lambda part, _: file.readinto(part))
        with self._opening:
            if number not in self._files:
                self._files[number] = self.paths[number].open("rb", buffering=0)
        descriptor = self._files[number].fileno()
        return _fill(out, lambda part, done: os.preadv(descriptor, [part], offset + done))


def _fill(out: memoryview, read: Callable[[memoryview, int], int | None]) -> bool:
    """Read until `out` is full; whether it is."""
    done = 0
    while done < len(out):
        count = read(out[done:], done)
        if not count:
            return False
        done += count
    return True


@dataclass(frozen=True, eq=False)
class PackedStore(PlacedStore):
    """Inputs of one split in packed files.

    Attributes:
        split: Where they are.
        shards: The files.
        origin: What tells the split from all others: with the sha256 of the index.
        is_swapped: Whether the bytes of numbers lie the other way round than this machine has them.
    """

    split: PackedSplit
    shards: Shards
    origin: str
    is_swapped: bool = False

    def read_into(self, index: int, out: np.ndarray) -> None:
        position = int(self.positions[index])
        number, offset = int(self.split.shards[position]), int(self.split.offsets[position])
        path = self.shards.paths[number]
        content = out.reshape(-1).view("uint8").data
        try:
            is_there = self.shards.read_into(number, offset, content)
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}", hint=_HINT) from None
        if not is_there or zlib.crc32(content) != int(self.split.checksums[position]):
            raise DataError(f"{path}: damaged where {self.name(index)} is", hint=_HINT)
        if self.is_swapped:
            out.byteswap(inplace=True)

    def name(self, index: int) -> str:
        position = int(self.positions[index])
        start = int(self.split.name_ends[position - 1]) if position else 0
        return (
            self.split.names[start : int(self.split.name_ends[position])]
            .tobytes()
            .decode("utf-8", "surrogateescape")
        )

    def add_to(self, digest: Any) -> None:
        digest.update(self.origin.encode())
        add_array(digest, self.positions)


def open_packed(folder: Path) -> Source:
    """The data in a folder that `bigmodel data pack` has written.

    Raises:
        DataError: If it is not there, damaged, or not complete.
    """
    import numpy as np

    index, record = folder / INDEX, _read_index(folder)
    for name, expected in record["files"].items():
        _require_size(folder / name, expected["bytes"])
    if record["version"] in (ROWS, WITH_GAPS):
        return open_rows(folder, record)
    arrays_path = folder / ARRAYS
    if sha256_of(arrays_path) != record["files"][ARRAYS]["sha256"]:
        raise DataError(f"{arrays_path}: damaged: its content is not what {INDEX} says", hint=_HINT)
    signature = signature_from_json(record["signature"], str(index))
    shards = Shards([folder / name for name in record["shards"]])
    with np.load(arrays_path, allow_pickle=False) as arrays:
        splits = {split: PackedSplit.of(split, arrays) for split in SPLITS if f"{split}_labels" in arrays}
        beside = {split: _stores_beside(split, record.get(BESIDE, ()), arrays) for split in splits}
    origin = record["files"][ARRAYS]["sha256"]
    is_swapped = not np.dtype(record.get(_STORED_DTYPE, signature.kind.dtype)).isnative
    examples = {
        split: Examples.of(
            PackedStore(
                signature.kind, np.arange(len(found.labels)), found, shards, f"{origin} {split}", is_swapped
            ),
            found.labels,
        )
        for split, found in splits.items()
    }
    return Source(
        {split: replace(part, beside=beside[split]) for split, part in examples.items()},
        signature,
        record["skipped"],
    )


@dataclass(frozen=True)
class PackedNames:
    """What the columns of packed rows are called.

    Attributes:
        columns: The kinds of inputs by their names.
        targets: What is predicted.
    """

    columns: Mapping[str, str]
    targets: Sequence[str]


def packed_names(folder: Path) -> PackedNames | None:
    """The names of columns in a folder of packed rows; None where it is another one, or not there (yet).

    So little is read for it that a config can be checked with it.
    """
    try:
        return _names_in(folder, (folder / INDEX).stat().st_mtime_ns)
    except (OSError, DataError, KeyError, TypeError, AttributeError):
        # Whoever reads the data says what is wrong with them.
        return None


@lru_cache(8)
def _names_in(folder: Path, _changed: int) -> PackedNames | None:
    """The same; the checks of a config ask many times, and an index can be long."""
    record = _read_index(folder)
    if record["version"] != ROWS:
        return None
    written = record["signature"]
    columns = {name: str(kind["kind"]) for name, kind in written["inputs"].items()}
    return PackedNames(columns, tuple(written["targets"]))


def damaged_files(folder: Path) -> list[str]:
    """The files of packed data whose content is not what the index says, by reading all of them.

    Raises:
        DataError: If the index itself is damaged.
    """
    return [
        name
        for name, expected in _read_index(folder)["files"].items()
        if not (folder / name).is_file() or sha256_of(folder / name) != expected["sha256"]
    ]


def other_files(folder: Path) -> list[str]:
    """What else is in the folder of packed data, and not in its index.

    Raises:
        DataError: If the index itself is damaged.
    """
    own = {INDEX, *_read_index(folder)["files"]}
    return sorted(path.name for path in folder.iterdir() if path.name not in own)


def _read_index(folder: Path) -> dict[str, Any]:
    index = folder / INDEX
    if not index.is_file():
        raise DataError(
            f"{folder}: {'no packed data' if folder.is_dir() else 'no such folder'} (expected {INDEX} in it)",
            hint="write it: bigmodel data pack CONFIG",
        )
    try:
        record = read_sealed(index)
    except DataError as error:
        raise DataError(error.message, hint=_HINT) from None
    if record.get("version") == 1:
        return _upgraded(record, index)
    if record.get("version") not in (VERSION, ROWS, WITH_GAPS):
        raise DataError(f"{index}: of another version of bigmodel", hint=_HINT)
    return record


def _upgraded(record: dict[str, Any], index: Path) -> dict[str, Any]:
    """What version 1 wrote, as it is written now; it knew one array and one label.

    Raises:
        DataError: If it is damaged.
    """
    written = record["signature"]
    try:
        signature = with_named_columns(written, record["class_names"])
    except (KeyError, TypeError) as error:
        raise DataError(f"{index}: the signature of the data is damaged: {error!r}", hint=_HINT) from None
    return {**record, "signature": signature, _STORED_DTYPE: written["dtype"]}


def _require_size(path: Path, num_bytes: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}", hint=_HINT) from None
    if found != num_bytes:
        raise DataError(f"{path}: damaged: it has {found:,} bytes, expected {num_bytes:,}", hint=_HINT)
