"""Reading `.npz` files: every array of one, or an error that says what is wrong with the file."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.errors import DataError

if TYPE_CHECKING:
    import numpy as np


def read_npz(path: Path) -> Mapping[str, np.ndarray]:
    """All arrays of an `.npz` file.

    Raises:
        DataError: If there is no such file, it is no `.npz`, is broken, or holds pickled objects.
    """
    import numpy as np

    if not path.is_file():
        kind = "a folder, not an .npz file" if path.is_dir() else "no such file"
        raise DataError(f"{path}: {kind}")
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path}: not an .npz file (an archive of arrays)",
            hint="write one with numpy.savez_compressed(path, x_train=…, y_train=…)",
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: _read(archive, name, path) for name in archive.files}
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: damaged: {error}") from error


def _read(archive: np.lib.npyio.NpzFile, name: str, path: Path) -> np.ndarray:
    import numpy as np

    try:
        array = archive[name]
    except ValueError as error:
        if "Object arrays" not in str(error):
            raise DataError(f"{path}: array {name} is damaged: {error}") from error
        raise DataError(
            f"{path}: array {name} holds pickled Python objects, which are never loaded (they can run code)",
            hint="save numbers, or strings of fixed width: numpy.savez(path, y=numpy.array(y, dtype=str))",
        ) from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"{path}: {name} is no array")
    return array
