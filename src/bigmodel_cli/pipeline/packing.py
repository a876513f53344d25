"""Writes a source's examples, decoded and resized as they are trained on, into a few large files."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.example_proto import Value, encode_example
from bigmodel_cli.pipeline.packing_rows import pack_rows
from bigmodel_cli.signature import signature_as_json
from bigmodel_cli.sources.base import Examples, Source, SplitName
from bigmodel_cli.sources.file_checks import SKIP_HINT
from bigmodel_cli.sources.packed import ARRAYS, INDEX, SPLITS, VERSION, PackedSplit, arrays_beside
from bigmodel_cli.sources.packed_rows import BESIDE
from bigmodel_cli.sources.record_frame import HEADER_BYTES, framed
from bigmodel_cli.whole_files import naming_target, sha256_of, whole_place, write_sealed

_SHARD = re.compile(rf"({'|'.join(SPLITS)})-\d{{5}}-of-\d{{5}}\.tfrecord", re.ASCII)


@dataclass(frozen=True)
class Packed:
    """What was written.

    Attributes:
        folder: Where.
        examples: How many, by split.
        shards: Names of the files.
        num_bytes: What they take.
        skipped: Examples that could not be read and were left out.
        is_sharded: Whether the training split is dealt to several files; rows have one for each column.
    """

    folder: Path
    examples: dict[SplitName, int]
    shards: list[str]
    num_bytes: int
    skipped: int
    is_sharded: bool = True


@dataclass(frozen=True)
class _Shard:
    """One file to be."""

    number: int
    name: str
    split: SplitName
    indices: np.ndarray


@dataclass(frozen=True, eq=False)
class _Written:
    """What a file holds: an entry per example that could be read."""

    indices: list[int]
    offsets: list[int]
    checksums: list[int]
    names: list[bytes]
    sha256: str
    num_bytes: int


def pack(
    source: Source,
    folder: Path,
    num_shards: int,
    *,
    skips: bool,
    progress: Callable[[str, int, int | None], None],
) -> Packed:
    """Pack a source; the index comes last, and until then the folder is no packed data.

    Args:
        source: What to pack: its own splits, whole.
        folder: Where; an earlier packing there is replaced.
        num_shards: Files of the training split; others have as many as their size asks for.
        skips: Whether examples that cannot be read are left out.
        progress: Called with a label, the examples done, and their total.

    Raises:
        DataError: If an example cannot be read, and is not left out, or scores compare with more than its
            targets.
        ResourceError: If the disk is full.
    """
    if any(part.sought for part in source.splits.values()):
        raise DataError(
            f"{folder}: packed data have places, and no texts or names that scores compare with",
            hint="train from the source itself",
        )
    with naming_target(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / INDEX).unlink(missing_ok=True)
    if source.signature.kind.is_composed:
        names = pack_rows(source, folder, progress)
        num_bytes = sum((folder / name).stat().st_size for name in names)
        return Packed(folder, _sizes(source), names, num_bytes, source.num_skipped, is_sharded=False)
    shards = list(_shards(source, num_shards))
    total = sum(len(part) for part in source.splits.values())
    done = 0
    written: list[_Written] = []
    threads = ThreadPoolExecutor(min(16, (os.cpu_count() or 1) + 1), thread_name_prefix="pack")
    try:
        for shard, found in zip(
            shards, threads.map(lambda shard: _write(source, folder, shard, skips=skips), shards), strict=True
        ):
            written.append(found)
            done += len(shard.indices)
            progress("packing", done, total)
    finally:
        # After an error nobody needs the rest.
        threads.shutdown(cancel_futures=True)
    packed = _write_index(source, folder, shards, written)
    _remove_others(packed)
    return packed


def _sizes(source: Source) -> dict[SplitName, int]:
    return {split: len(part) for split, part in source.splits.items()}


def _remove_others(packed: Packed) -> None:
    """Remove the files of an earlier packing that no index names any more."""
    with naming_target(packed.folder):
        for path in packed.folder.iterdir():
            if _SHARD.fullmatch(path.name) and path.name not in packed.shards:
                path.unlink()


def _write_index(
    source: Source, folder: Path, shards: Sequence[_Shard], written: Sequence[_Written]
) -> Packed:
    """Write what finds the examples, and with it make the folder packed data."""
    splits = {split: _split(part, split, shards, written) for split, part in source.splits.items()}
    examples = {split: len(found.labels) for split, found in splits.items()}
    names = [shard.name for shard in shards]
    arrays = folder / ARRAYS
    with whole_place(arrays) as temporary:
        contents: dict[str, Any] = {}
        for split, part in splits.items():
            contents |= part.arrays(split)
            indices = _written_indices(split, shards, written)
            contents |= arrays_beside(split, source.splits[split].beside, indices)
        np.savez(temporary, **contents)
    files: dict[str, dict[str, Any]] = {
        name: {"bytes": found.num_bytes, "sha256": found.sha256}
        for name, found in zip(names, written, strict=True)
    }
    files[ARRAYS] = {"bytes": arrays.stat().st_size, "sha256": sha256_of(arrays)}
    left_out = sum(map(len, source.splits.values())) - sum(examples.values())
    skipped = source.num_skipped + left_out
    write_sealed(
        folder / INDEX,
        {
            "version": VERSION,
            "signature": signature_as_json(source.signature),
            "examples": examples,
            "skipped": skipped,
            BESIDE: sorted(next(iter(source.splits.values())).beside),
            "shards": names,
            "files": files,
        },
    )
    return Packed(folder, examples, names, sum(file["bytes"] for file in files.values()), skipped)


def _shards(source: Source, num_shards: int) -> Iterator[_Shard]:
    largest = len(source.splits["train"])
    number = 0
    for split, part in source.splits.items():
        count = max(1, min(len(part), round(num_shards * len(part) / largest)))
        for place, indices in enumerate(np.array_split(np.arange(len(part)), count)):
            yield _Shard(number, f"{split}-{place:05d}-of-{count:05d}.tfrecord", split, indices)
            number += 1


def _write(source: Source, folder: Path, shard: _Shard, *, skips: bool) -> _Written:
    path = folder / shard.name
    part = source.splits[shard.split]
    indices: list[int] = []
    offsets: list[int] = []
    checksums: list[int] = []
    names: list[bytes] = []
    with whole_place(path) as temporary:
        end = 0
        with naming_target(path), temporary.open("wb") as file:
            for index in shard.indices.tolist():
                features = _read(part, index, skips=skips)
                if features is None:
                    continue
                content = np.ascontiguousarray(features, source.signature.kind.dtype).tobytes()
                name = part.name(index).encode("utf-8", "surrogateescape")
                record, start = encode_example(content, {"label": _label(part, index), "name": [name]})
                file.write(framed(record))
                indices.append(index)
                offsets.append(end + HEADER_BYTES + start)
                checksums.append(zlib.crc32(content))
                names.append(name)
                end = file.tell()
        digest, num_bytes = sha256_of(temporary), temporary.stat().st_size
    return _Written(indices, offsets, checksums, names, digest, num_bytes)


def _read(part: Examples, index: int, *, skips: bool) -> np.ndarray | None:
    try:
        return part.store.read(index)
    except DataError as error:
        if skips:
            return None
        raise DataError(error.message, hint=error.hint or SKIP_HINT) from error


def _label(part: Examples, index: int) -> Value:
    return np.atleast_1d(part.labels[index]).reshape(-1).tolist()


def _written_indices(split: str, shards: Sequence[_Shard], written: Sequence[_Written]) -> np.ndarray:
    """The places of the packed examples among all of a split."""
    own = [found.indices for shard, found in zip(shards, written, strict=True) if shard.split == split]
    return np.concatenate([np.asarray(indices, np.int64) for indices in own])


def _split(part: Examples, split: str, shards: Sequence[_Shard], written: Sequence[_Written]) -> PackedSplit:
    own = [(shard, found) for shard, found in zip(shards, written, strict=True) if shard.split == split]
    names = [name for _, found in own for name in found.names]

    def joined(values: Callable[[_Written], Any], dtype: Any) -> np.ndarray:
        parts: list[np.ndarray] = [np.asarray(values(found), dtype) for _, found in own]
        return np.concatenate(parts)

    indices = _written_indices(split, shards, written)
    if not len(indices):
        raise DataError(f"no example of {split} can be read")
    return PackedSplit(
        part.labels[indices],
        np.concatenate([np.full(len(found.indices), shard.number, np.int32) for shard, found in own]),
        joined(lambda found: found.offsets, np.int64),
        joined(lambda found: found.checksums, np.uint32),
        np.frombuffer(b"".join(names), np.uint8),
        np.cumsum([len(name) for name in names], dtype=np.int64),
    )
