"""Records of TFRecord files in any order: where each begins is found once, from length to length."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.packed import Shards
from bigmodel_cli.sources.record_frame import FOOTER_BYTES, HEADER_BYTES, checksum

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Stretch:
    """Some records of a file.

    Attributes:
        path: The file.
        skip: Records before the first of them.
        take: How many they are.
        total: Records that the whole file should have.
    """

    path: Path
    skip: int
    take: int
    total: int


class TfRecords:
    """Records of several files, one after the other; several threads read at once.

    Args:
        stretches: Which records of which files.

    Raises:
        DataError: If a file is missing, breaks off, or has another number of records.
    """

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        import numpy as np

        self._shards = Shards([stretch.path for stretch in stretches])
        places = [_places(each)[:, each.skip : each.skip + each.take] for each in stretches]
        self._offsets, self._lengths = np.concatenate([np.zeros((2, 0), np.int64), *places], axis=1)
        self._numbers = np.repeat(np.arange(len(stretches)), [each.take for each in stretches])

    def __len__(self) -> int:
        return len(self._offsets)

    def read(self, positions: Sequence[int]) -> Sequence[bytes]:
        """Some records.

        Raises:
            DataError: If one is damaged, or a file cannot be read.
        """
        return [self._read(position) for position in positions]

    def _read(self, position: int) -> bytes:
        number, length = int(self._numbers[position]), int(self._lengths[position])
        path = self._shards.paths[number]
        content = bytearray(length + FOOTER_BYTES)
        try:
            is_there = self._shards.read_into(number, int(self._offsets[position]), memoryview(content))
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
        record = bytes(content[:length])
        if not is_there or checksum(record) != content[length:]:
            raise DataError(f"{path}: damaged: the checksum of a record is wrong")
        return record


def _places(stretch: Stretch) -> np.ndarray:
    """Where each record of a file begins, and how long it is: int64 of shape (2, records)."""
    import numpy as np

    places = np.zeros((2, stretch.total), np.int64)
    try:
        size, at, count = stretch.path.stat().st_size, 0, 0
        with stretch.path.open("rb", buffering=0) as file:
            while at + HEADER_BYTES <= size:
                file.seek(at)
                (length,) = struct.unpack("<Q", file.read(HEADER_BYTES)[:8])
                if at + HEADER_BYTES + length + FOOTER_BYTES > size:
                    break
                if count < stretch.total:
                    places[:, count] = at + HEADER_BYTES, length
                at, count = at + HEADER_BYTES + length + FOOTER_BYTES, count + 1
    except OSError as error:
        raise DataError(f"{stretch.path}: cannot be read: {error.strerror or error}") from None
    if at != size:
        raise DataError(f"{stretch.path}: damaged: it breaks off after {count:,} records")
    if count != stretch.total:
        raise DataError(f"{stretch.path}: expected {stretch.total:,} records, found {count:,}")
    return places
