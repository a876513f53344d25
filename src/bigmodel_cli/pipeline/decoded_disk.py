"""What is kept of examples in a file that later runs use too: a slot for each of them.

Slots are read with `preadv` into the arrays that batches are. Mapped into memory instead, they would count
as memory of the process. Each slot has a checksum, so that one that a killed process left half written, or
that a bad block damaged, is made again. Processes that use a file at once write the same bytes into it.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bigmodel_cli.cut import cut_front
from bigmodel_cli.pipeline.decoded import Decoded
from bigmodel_cli.sources.decoded_folder import HEADER_BYTES, decoded_folder, header
from bigmodel_cli.sources.files import Files

# Behind the pixels: that they are there, and the CRC-32 of the slot's number and of them.
_TRAILER = struct.Struct("<4sI")
_WRITTEN = b"slot"
# What is left free on the disk, where checkpoints are to be saved too.
FREE_SHARE = 0.05
FREE_BYTES = 2 * 10**9
# Paths may be longer than the header.
_MAX_SHOWN = 500


def is_supported() -> bool:
    """Whether this system can read into an array from a place in a file."""
    return hasattr(os, "preadv") and hasattr(os, "pwritev")


def path_of(files: Files) -> Path:
    """Where the pixels of these files are kept: another place as soon as anything decides them otherwise."""
    return decoded_folder() / f"{files.decoded_fingerprint}.decoded"


def bytes_of(files: Files) -> int:
    """What that file takes when it is full."""
    return HEADER_BYTES + len(files) * (files.kind.num_bytes + _TRAILER.size)


class Slots(Decoded):
    """A file with a slot for each example.

    Args:
        path: Where it is, or is to be.
        source: What it is made of, for people.
        count: Slots.
        item_bytes: What one of them takes.
        warn: Told once where the disk takes no more.

    Raises:
        OSError: If the file cannot be made or opened.
    """

    def __init__(
        self, path: Path, source: str, count: int, item_bytes: int, warn: Callable[[str], None]
    ) -> None:
        self._slot_bytes = item_bytes + _TRAILER.size
        self._warn = warn
        self._is_full = False
        self._ending = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        described = {"source": cut_front(source, _MAX_SHOWN), "files": count, "slot_bytes": self._slot_bytes}
        self._file.write(header(described))
        self._file.truncate(HEADER_BYTES + count * self._slot_bytes)
        os.utime(self._file.fileno())

    def fetch(self, position: int, out: np.ndarray) -> bool:
        trailer = bytearray(_TRAILER.size)
        try:
            count = os.preadv(self._file.fileno(), [_bytes(out), trailer], self._offset(position))
        except OSError:
            # What it was made of is still there.
            return False
        written, checksum = _TRAILER.unpack(trailer)
        return count == self._slot_bytes and written == _WRITTEN and checksum == _checksum(position, out)

    def keep(self, position: int, item: np.ndarray) -> None:
        if self._is_full:
            return
        trailer = _TRAILER.pack(_WRITTEN, _checksum(position, item))
        try:
            if _is_low(self._file.fileno()):
                self._end("the disk is nearly full")
                return
            os.pwritev(self._file.fileno(), [_bytes(item), trailer], self._offset(position))
        except OSError as error:
            self._end(error.strerror or str(error))

    def _end(self, reason: str) -> None:
        with self._ending:
            if not self._is_full:
                self._is_full = True
                self._warn(
                    f"no more decoded images are kept ({reason}): the others are decoded in each epoch; "
                    "bigmodel doctor --clear-cache makes room"
                )

    def _offset(self, position: int) -> int:
        return HEADER_BYTES + position * self._slot_bytes

    def close(self) -> None:
        self._file.close()


class DiskDecoded(Slots):
    """Keeps pixels in a file.

    Args:
        files: All files of a source.
        warn: Told once where the disk takes no more.

    Raises:
        OSError: If the file cannot be made or opened.
    """

    def __init__(self, files: Files, warn: Callable[[str], None]) -> None:
        super().__init__(path_of(files), str(files.root.resolve()), len(files), files.kind.num_bytes, warn)


def _bytes(item: np.ndarray) -> memoryview:
    """Whatever is in an array; NumPy lends no memory of types that are not its own, such as bfloat16."""
    return item.reshape(-1).view(np.uint8).data


def _checksum(position: int, item: np.ndarray) -> int:
    return zlib.crc32(_bytes(item), zlib.crc32(str(position).encode()))


def _is_low(descriptor: int) -> bool:
    disk = os.fstatvfs(descriptor)
    return disk.f_bavail * disk.f_frsize < min(FREE_BYTES, FREE_SHARE * disk.f_blocks * disk.f_frsize)
