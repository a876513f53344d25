"""Arrays that took long to make, in a file that later runs use too: whole, or made again."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.cut import cut_front
from bigmodel_cli.errors import ResourceError
from bigmodel_cli.sources.decoded_folder import (
    DISK_SHARE,
    HEADER_BYTES,
    decoded_folder,
    free_bytes,
    header,
    make_room,
)
from bigmodel_cli.whole_files import whole_place

if TYPE_CHECKING:
    import numpy as np

_CHECKSUM_BYTES = 4
# What they are made of may have a longer name than the header has room for.
_MAX_SHOWN = 500


class KeptArrays:
    """Arrays in the folder of decoded examples.

    Args:
        parts: All that decides the arrays' values: another text, another file.
        source: What they are made of, for people.
    """

    def __init__(self, parts: Sequence[str], source: str) -> None:
        digest = hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()
        self.path: Path = decoded_folder() / f"{digest}.decoded"
        self._source = cut_front(source, _MAX_SHOWN)

    def fetch(self, arrays: Mapping[str, np.ndarray]) -> bool:
        """Fill arrays, whose shapes and dtypes are those that were kept; whether that could be.

        Where it could not, what they hold is undefined.
        """
        with suppress(OSError):
            with self.path.open("rb", buffering=0) as file:
                file.seek(HEADER_BYTES)
                for _, array in sorted(arrays.items()):
                    content = _bytes(array)
                    if file.readinto(content) != len(content):
                        return False
                    if file.read(_CHECKSUM_BYTES) != _checksum(content):
                        return False
                is_whole = not file.read(1)
            # The file that nobody used for longest is the first one that is removed.
            self.path.touch()
            return is_whole
        return False

    def keep(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays, where the disk has room for them."""
        contents = [_bytes(array) for _, array in sorted(arrays.items())]
        num_bytes = HEADER_BYTES + sum(len(content) + _CHECKSUM_BYTES for content in contents)
        # What is not kept is made again.
        with suppress(OSError, ResourceError):
            if num_bytes > DISK_SHARE * free_bytes():
                return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            make_room(num_bytes, self.path)
            with whole_place(self.path) as place, place.open("wb", buffering=0) as file:
                file.write(header({"source": self._source}))
                for content in contents:
                    file.write(content)
                    file.write(_checksum(content))


def _bytes(array: np.ndarray) -> memoryview:
    return array.reshape(-1).view("uint8").data


def _checksum(content: memoryview) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "little")
