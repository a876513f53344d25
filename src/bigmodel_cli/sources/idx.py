"""The idx format of MNIST and Fashion-MNIST: four files, gzipped or not."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError

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
    import numpy as np

    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _UNSIGNED_BYTE:
        raise DataError(f"{path}: not an idx file of unsigned bytes (it starts with {content[:4].hex(' ')})")
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    size = int(np.prod(shape, dtype=np.int64))
    if len(content) != start + size:
        raise DataError(
            f"{path}: its header says {size:,} bytes of data (shape {shape}), found {len(content) - start:,}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
