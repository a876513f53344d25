"""Reading `.npz` and `.npy` files: their arrays, or an error that says what is wrong with the file.

What a file says of its arrays is compared with its bytes before memory is taken for them, and pickled objects
are never read.
"""

from __future__ import annotations

import lzma
import math
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.memory import check_memory

if TYPE_CHECKING:
    import numpy as np

# What the modules of compression raise for bytes that are none of theirs; zipfile knows not all methods.
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)
_PICKLES = "holds pickled Python objects, which are never loaded (they can run code)"
_PICKLES_HINT = "save numbers, or strings of fixed width: numpy.savez(path, y=numpy.array(y, dtype=str))"


def read_npz(
    path: Path, choose: Callable[[Sequence[str]], Iterable[str]] = lambda names: names
) -> Mapping[str, np.ndarray]:
    """Arrays of an `.npz` file.

    Args:
        path: The file.
        choose: Says which of the arrays that are there to read.

    Raises:
        DataError: If there is no such file, it is no `.npz`, is broken, holds pickled objects, or would take
            more memory than there is.
    """
    _check_is_file(path, "an .npz file")
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path}: not an .npz file (an archive of arrays)",
            hint="write one with numpy.savez_compressed(path, x_train=…, y_train=…)",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(path, archive)
            chosen = {name: members[name] for name in choose(list(members))}
            check_memory(path, sum(member.file_size for member in chosen.values()))
            return {name: _read_member(path, archive, member, name) for name, member in chosen.items()}
    except (*_DAMAGE, RuntimeError, ValueError) as error:
        raise DataError(f"{path}: damaged: {error or type(error).__name__}") from error


def as_written(names: Iterable[str]) -> Callable[[str], str]:
    """How the name of an array is written: as it is, or in another case where one array has it so."""
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(name.casefold(), []).append(name)

    def written(name: str) -> str:
        same = folded.get(name.casefold(), [])
        return same[0] if name not in same and len(same) == 1 else name

    return written


def read_npy(path: Path) -> np.ndarray:
    """The array of an `.npy` file.

    Raises:
        DataError: As `read_npz`.
    """
    _check_is_file(path, "an .npy file")
    try:
        num_bytes = path.stat().st_size
        check_memory(path, num_bytes)
        with path.open("rb") as stream:
            return _read(stream, num_bytes, f"{path}: the array")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except _NoArrayError:
        raise DataError(f"{path}: not an array of numbers: it does not begin as an .npy file does") from None


def _check_is_file(path: Path, what: str) -> None:
    """A pipe would be waited for, until somebody writes into it."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no file"
        raise DataError(f"{path}: {f'{found}, not {what}' if path.exists() else 'no such file'}")


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members by the names of their arrays.

    Raises:
        DataError: If a name is there twice, or looks like a way out of the archive.
    """
    names = [member.filename.removesuffix(".npy") for member in archive.infolist()]
    for name, count in Counter(names).items():
        if count > 1:
            raise DataError(
                f"{path}: it has {count} arrays {name}", hint="give every array a name of its own"
            )
        if name.startswith("/") or ".." in name.replace("\\", "/").split("/"):
            raise DataError(f"{path}: {name} is no name of an array: it points out of the archive")
    return dict(zip(names, archive.infolist(), strict=True))


def _read_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> np.ndarray:
    try:
        with archive.open(member) as stream:
            return _read(stream, member.file_size, f"{path}: array {name}")
    except _NoArrayError:
        raise DataError(f"{path}: {name} is no array") from None


class _NoArrayError(Exception):
    """The bytes are no `.npy` file."""


def _read(stream: IO[bytes], num_bytes: int, what: str) -> np.ndarray:
    """The array in a stream of so many bytes, in the machine's byte order and with rows first.

    Raises:
        DataError: If its header says something else than its bytes, or it holds pickled objects.
        _NoArrayError: If it is none.
    """
    import numpy as np
    from numpy.lib import format as npy_format

    shape, dtype = _header(stream, what)
    if dtype.hasobject:
        raise DataError(f"{what} {_PICKLES}", hint=_PICKLES_HINT)
    count = math.prod(shape)
    declared, there = count * dtype.itemsize, num_bytes - stream.tell()
    if declared != there or any(side < 0 for side in shape) or (dtype.itemsize == 0 and count):
        raise DataError(
            f"{what} is damaged: its header says {dtype} of shape {shape}, which is {declared:,} bytes; "
            f"there are {there:,}"
        )
    stream.seek(0)
    try:
        array: np.ndarray = npy_format.read_array(stream, allow_pickle=False)
    except (ValueError, OverflowError, TypeError) as error:
        raise DataError(f"{what} is damaged: {error}") from error
    # How numbers lie in a file (their byte order, rows or columns first) is the file's own affair.
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")


def _header(stream: IO[bytes], what: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype, with the stream behind them."""
    from numpy.lib import format as npy_format

    try:
        version = npy_format.read_magic(stream)
    except ValueError:
        raise _NoArrayError from None
    readers = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}
    if version not in readers:
        raise DataError(f"{what} is of version {version} of the .npy format; expected 1.0 or 2.0")
    try:
        shape, _, dtype = readers[version](stream)
    except Exception as error:  # Python's own parser reads it, and raises many things.
        raise DataError(f"{what} is damaged: its header cannot be read: {_first_line(error)}") from error
    return shape, dtype


def _first_line(error: BaseException) -> str:
    return cut((str(error).splitlines() or [type(error).__name__])[0], 200)
