"""The idx format of MNIST and Fashion-MNIST: four files, gzipped or not."""

from __future__ import annotations

import gzip
import io
import math
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.memory import check_memory

if TYPE_CHECKING:
    import numpy as np

# By the names of the arrays in Keras's mnist.npz.
IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
_UNSIGNED_BYTE = 0x08


def read_idx_folder(folder: Path) -> dict[str, np.ndarray]:
    """Read the four idx files of a folder.

    Returns:
        uint8 arrays `x_train`, `y_train`, `x_test`, `y_test`.

    Raises:
        DataError: If one is missing or broken.
    """
    return {array: read_idx(_find(folder, name)) for array, name in IDX_NAMES.items()}


def _find(folder: Path, name: str) -> Path:
    # Some archives unpack as `train-images.idx3-ubyte`.
    dotted = name.replace("-idx", ".idx")
    for candidate in (f"{name}.gz", name, f"{dotted}.gz", dotted):
        if (folder / candidate).is_file():
            return folder / candidate
    wanted = ", ".join(f"{each}.gz" for each in IDX_NAMES.values())
    raise DataError(
        f"{folder}: no {name}.gz in this folder", hint=f"expected these files, gzipped or not: {wanted}"
    )


def read_idx(path: Path) -> np.ndarray:
    """Read one idx file of unsigned bytes, gzipped where its name ends in `.gz`.

    Raises:
        DataError: If it cannot be read or is not such a file.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            return _read(stream, path)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _read(stream: io.BufferedIOBase, path: Path) -> np.ndarray:
    """The array of an open file; no more is unpacked of it than its header says, and one byte."""
    import numpy as np

    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != _UNSIGNED_BYTE:
        raise DataError(f"{path}: not an idx file of unsigned bytes (it starts with {magic.hex(' ')})")
    sides = stream.read(4 * magic[3])
    if len(sides) < 4 * magic[3]:
        raise DataError(f"{path}: it breaks off in its header, after {4 + len(sides)} bytes")
    shape = tuple(int.from_bytes(sides[at : at + 4], "big") for at in range(0, len(sides), 4))
    size = math.prod(shape)
    check_memory(path, size)
    content = stream.read(size + 1)
    if len(content) != size:
        found = "more" if len(content) > size else f"{len(content):,}"
        raise DataError(f"{path}: its header says {size:,} bytes of data (shape {shape}), found {found}")
    return np.frombuffer(content, np.uint8).reshape(shape)
