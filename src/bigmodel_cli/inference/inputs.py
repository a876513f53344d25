"""The words after `bigmodel predict` as examples: image files, folders, globs, and arrays."""

from __future__ import annotations

import glob
import math
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.kinds.image.files.decoding import Decoded, read_image
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.image_walk import ImageWalk
from bigmodel_cli.sources.npz_arrays import read_npy, read_npz

_ARRAY_SUFFIXES = frozenset({".npy", ".npz"})
# Larger batches make no engine faster on a CPU; what is between the layers grows with them.
_MAX_BATCH_SIZE = 64
_MAX_BATCH_BYTES = 2**20


def batch_size_for(signature: Signature) -> int:
    """How many examples to predict at once: fewer of large ones, so that memory stays flat."""
    num_bytes = math.prod(signature.shape) * np.dtype(signature.dtype).itemsize
    return max(1, min(_MAX_BATCH_SIZE, _MAX_BATCH_BYTES // max(1, num_bytes)))


@dataclass(frozen=True, slots=True)
class Input:
    """One example to predict.

    Attributes:
        name: What the user would call it; its path where it is an image file.
        features: Where it came from an array; None where it is an image file.
    """

    name: str
    features: np.ndarray | None = None

    @property
    def num_bytes(self) -> int:
        """The size of its image file; 0 where it has none or that cannot be told."""
        try:
            return 0 if self.features is not None else os.stat(self.name).st_size  # noqa: PTH116
        except OSError:
            return 0

    def read(self, signature: Signature, *, invert: bool = False) -> np.ndarray:
        """The features alone of `read_noting`."""
        return self.read_noting(signature, invert=invert).pixels

    def read_noting(self, signature: Signature, *, invert: bool = False) -> Decoded:
        """The features, of the signature's shape and dtype, with how they were made of an image file.

        Args:
            signature: What the model takes.
            invert: Whether bright becomes dark.

        Raises:
            DataError: If the file is no image, or a number is NaN or infinite.
        """
        features = self.features
        if features is not None and not np.isfinite(features).all():
            raise not_finite(self.name, features)
        if features is None:
            if signature.image_format is None:
                shape = " × ".join(map(str, signature.shape))
                raise DataError(
                    f"{self.name}: this model takes arrays of shape {shape}, not images",
                    hint="give a .npy or .npz file",
                )
            return read_image(Path(self.name), signature.image_format, invert=invert)
        return Decoded(255 - features if invert and features.dtype == np.uint8 else features)


def not_finite(what: str, values: np.ndarray) -> DataError:
    """The error of numbers of which some are NaN or infinite, from which nothing can be computed."""
    bad = np.argwhere(~np.isfinite(values))
    count, first = len(bad), ", ".join(map(str, bad[0].tolist()))
    are = "1 value is" if count == 1 else f"{count:,} values are"
    return DataError(f"{what}: {are} NaN or infinite, {'at' if count == 1 else 'first at'} [{first}]")


@dataclass(frozen=True)
class _ImageFiles:
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Input]:
        return map(Input, self.names)


@dataclass(frozen=True)
class _ArrayRows:
    path: Path
    array: np.ndarray

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Input]:
        return (Input(f"{self.path}[{index}]", features) for index, features in enumerate(self.array))


class Inputs:
    """Examples to predict, in the order of the words.

    Of image files only the names are in memory; an `Input` is made when it is its turn.
    """

    def __init__(self, groups: Sequence[_ImageFiles | _ArrayRows]) -> None:
        self._groups = groups

    def __len__(self) -> int:
        return sum(map(len, self._groups))

    def __iter__(self) -> Iterator[Input]:
        return (item for group in self._groups for item in group)


def find_inputs(words: Sequence[str], signature: Signature, warn: Callable[[str], None]) -> Inputs:
    """All examples that the words mean: files, folders (searched whole), and globs.

    Args:
        words: As the user wrote them.
        signature: What the model takes.
        warn: Told what is passed over in folders.

    Raises:
        UsageError: If a word means nothing.
        DataError: If an array does not fit the model.
    """
    walk = ImageWalk(needs_all=False)
    inputs = Inputs([group for word in words for group in _groups(word, signature, walk)])
    if (passed_over := walk.passed_over.sentence()) is not None:
        warn(passed_over)
    return inputs


def _groups(word: str, signature: Signature, walk: ImageWalk) -> list[_ImageFiles | _ArrayRows]:
    try:
        return [_group(path, signature, walk) for path in _found(word)]
    except OSError as error:
        raise UsageError(f"{word}: cannot be read: {error.strerror or error}") from error


def _group(path: Path, signature: Signature, walk: ImageWalk) -> _ImageFiles | _ArrayRows:
    if path.is_dir():
        return _ImageFiles(_images_in(path, walk))
    if path.suffix.lower() in _ARRAY_SUFFIXES:
        return _ArrayRows(path, _array(path, signature))
    return _ImageFiles([str(path)])


def _found(word: str) -> list[Path]:
    """The files and folders that a word means."""
    path = Path(word)
    if not path.exists():
        with suppress(RuntimeError):
            # A name may begin with ~ and belong to nobody.
            path = path.expanduser()
    if path.exists():
        return [path]
    matches = [Path(match) for match in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207
    if matches:
        return matches
    raise UsageError(f"{word}: no such file", hint="give an image, a folder of images, or a quoted glob")


def _images_in(folder: Path, walk: ImageWalk) -> list[str]:
    # A path that begins in the current folder does not say so.
    found = [path.removeprefix(f".{os.sep}") for path in walk.images_below(folder)]
    if not found:
        raise UsageError(f"{folder}: no image in this folder", hint=walk.passed_over.sentence())
    return found


def _array(path: Path, signature: Signature) -> np.ndarray:
    """Examples of shape (n, …) from a file, in the model's dtype.

    Raises:
        DataError: If they do not fit the model.
    """
    array = _load(path)
    if array.shape == signature.shape:
        array = array[np.newaxis]
    if array.shape[1:] != signature.shape or array.dtype.kind not in "buif":
        expected = " × ".join(map(str, signature.shape))
        raise DataError(
            f"{path}: expected one example of shape {expected}, or many of them; "
            f"found {array.dtype} of shape {array.shape}"
        )
    # What becomes infinite here is an error of its row, as what is so already.
    with np.errstate(over="ignore", invalid="ignore"):
        converted = array.astype(signature.dtype, copy=False)
    if converted.dtype.kind not in "ui" or converted is array:
        return converted
    finite = np.isfinite(array)
    if not np.array_equal(converted[finite], array[finite]):
        raise DataError(f"{path}: the model takes {signature.dtype}; found {array.dtype} with other values")
    return converted if finite.all() else array


def _load(path: Path) -> np.ndarray:
    """The array of a .npy file, or the one that is meant of an .npz file, whatever the file's ending is.

    Raises:
        DataError: If there is none.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        return read_npy(path)

    def choose(names: Sequence[str]) -> list[str]:
        known = [name for name in ("x", "x_test", "features") if name in names]
        if not known and len(names) != 1:
            raise DataError(f"{path}: expected an array named x; found {', '.join(names) or 'none'}")
        return [*known, *names][:1]

    (array,) = read_npz(path, choose).values()
    return array
