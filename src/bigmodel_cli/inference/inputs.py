"""The words after `bigmodel predict` as examples: image files, folders, globs, and arrays."""

from __future__ import annotations

import glob
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.sources.base import Signature
from bigmodel_cli.sources.image_decoding import decode_image, is_image_name
from bigmodel_cli.sources.npz_arrays import read_npy, read_npz

_ARRAY_SUFFIXES = frozenset({".npy", ".npz"})


@dataclass(frozen=True)
class Input:
    """One example to predict.

    Attributes:
        name: What the user would call it.
        path: Its file.
        features: Where it came from an array; None where the file is an image.
    """

    name: str
    path: Path
    features: np.ndarray | None = None

    def read(self, signature: Signature, *, invert: bool = False) -> np.ndarray:
        """The features, of the signature's shape and dtype.

        Args:
            signature: What the model takes.
            invert: Whether bright becomes dark.

        Raises:
            DataError: If the file is no image.
        """
        features = self.features
        if features is None:
            if signature.image_format is None:
                shape = " × ".join(map(str, signature.shape))
                raise DataError(
                    f"{self.path}: this model takes arrays of shape {shape}, not images",
                    hint="give a .npy or .npz file",
                )
            features = decode_image(self.path, signature.image_format)
        if invert and features.dtype == np.uint8:
            features = 255 - features
        return features


def find_inputs(words: Sequence[str], signature: Signature) -> list[Input]:
    """All examples that the words mean: files, folders (searched whole), and globs.

    Raises:
        UsageError: If a word means nothing.
        DataError: If an array does not fit the model.
    """
    inputs: list[Input] = []
    for word in words:
        for path in _found(word):
            if path.suffix.lower() in _ARRAY_SUFFIXES:
                inputs += _arrays(path, signature)
            else:
                inputs.append(Input(str(path), path))
    return inputs


def _found(word: str) -> list[Path]:
    try:
        return _files(word)
    except OSError as error:
        raise UsageError(f"{word}: cannot be read: {error.strerror or error}") from error


def _files(word: str) -> list[Path]:
    path = Path(word)
    if not path.exists():
        with suppress(RuntimeError):
            # A name may begin with ~ and belong to nobody.
            path = path.expanduser()
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if is_image_name(file.name) and file.is_file())
        if not found:
            raise UsageError(f"{word}: no image in this folder")
        return found
    if path.exists():
        return [path]
    matches = [Path(match) for match in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207
    if matches:
        return [file for match in matches for file in (_files(str(match)) if match.is_dir() else [match])]
    raise UsageError(f"{word}: no such file", hint="give an image, a folder of images, or a quoted glob")


def _arrays(path: Path, signature: Signature) -> Iterator[Input]:
    array = _load(path)
    if array.shape == signature.shape:
        array = array[np.newaxis]
    if array.shape[1:] != signature.shape or array.dtype.kind not in "buif":
        expected = " × ".join(map(str, signature.shape))
        raise DataError(
            f"{path}: expected one example of shape {expected}, or many of them; "
            f"found {array.dtype} of shape {array.shape}"
        )
    converted = array.astype(signature.dtype)
    if converted.dtype.kind in "ui" and not np.array_equal(converted, array):
        raise DataError(f"{path}: the model takes {signature.dtype}; found {array.dtype} with other values")
    for index, features in enumerate(converted):
        yield Input(f"{path}[{index}]", path, features)


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
