"""CIFAR's Python format: a tar archive, or the folder it unpacks to, with pickled dictionaries of arrays.

A pickle can run code when it is read, so only the one function that rebuilds NumPy arrays is allowed; and
nothing of an archive is written to disk.
"""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.download import RemoteFile, fetch
from bigmodel_cli.tasks.classification.task import Classification

if TYPE_CHECKING:
    import numpy as np

CIFAR_URL = "https://www.cs.toronto.edu/~kriz/"
IMAGE_FORMAT = ImageFormat((32, 32), "rgb")
# The largest batch of the originals has 154 MB, and the largest archive unpacks to 186 MB.
_MAX_BATCH_BYTES = 2**28
_MAX_ARCHIVE_BYTES = 2**30


@dataclass(frozen=True)
class CifarLayout:
    """What tells CIFAR-10 and CIFAR-100 apart.

    Attributes:
        source_name: The data source.
        archive: The archive's file name.
        sha256: The archive's hash.
        folder: The folder in the archive.
        batches: File names by split.
        label_key: The key of the labels in a batch.
        class_names: Names in the order of the labels.
    """

    source_name: str
    archive: str
    sha256: str
    folder: str
    batches: Mapping[SplitName, tuple[str, ...]]
    label_key: bytes
    class_names: tuple[str, ...]

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(name for names in self.batches.values() for name in names)


def load_cifar(layout: CifarLayout, path: Path | None, context: LoadContext) -> Source:
    """The training and test split, from a user's copy or from Keras's cache.

    Raises:
        DataError: If the data is missing, damaged or not CIFAR.
    """
    where = path or _cached(layout, context)
    pickles = _read_batches(layout, where)
    splits = {split: _examples(layout, split, pickles, where) for split in layout.batches}
    signature = Signature.of(ImageKind(IMAGE_FORMAT), Classification(layout.class_names))
    return Source(splits, signature)


def _cached(layout: CifarLayout, context: LoadContext) -> Path:
    """The archive in Keras's cache, or what Keras unpacked from it where the archive is gone."""
    name = f"{layout.folder}-target"
    remote = RemoteFile(layout.source_name, CIFAR_URL + layout.archive, layout.sha256, f"{name}_archive")
    unpacked = remote.cached.with_name(name) / layout.folder
    if not remote.cached.exists() and all((unpacked / member).is_file() for member in layout.members):
        return unpacked
    return fetch(remote, context)


def _read_batches(layout: CifarLayout, path: Path) -> dict[str, bytes]:
    """The pickles by file name.

    Raises:
        DataError: If one is missing, or the archive is damaged.
    """
    if not path.exists():
        raise DataError(
            f"{path}: no such file or folder", hint=f"name {layout.archive} or the folder it unpacks to"
        )
    try:
        found = _read_folder(layout, path) if path.is_dir() else _read_archive(layout, path)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged, or not {layout.archive}: {error}") from error
    missing = [name for name in layout.members if name not in found]
    if missing:
        raise DataError(
            f"{path}: no {', '.join(missing)} in it",
            hint=f"expected {layout.archive} or the folder it unpacks to",
        )
    return found


def _read_folder(layout: CifarLayout, folder: Path) -> dict[str, bytes]:
    inner = folder / layout.folder
    folder = inner if inner.is_dir() else folder
    found = {}
    for file in (folder / name for name in layout.members):
        if file.is_file():
            _check_batch_size(file.stat().st_size, f"{file}: it")
            found[file.name] = file.read_bytes()
    return found


def _check_batch_size(num_bytes: int, what: str) -> None:
    if num_bytes > _MAX_BATCH_BYTES:
        raise DataError(f"{what} has {num_bytes:,} bytes, which no batch of CIFAR has")


class _Limited(io.RawIOBase):
    """An unpacked stream that is never read further than any archive of CIFAR goes.

    Args:
        stream: Unpacks as it is read.
        path: The archive, for the error.
    """

    def __init__(self, stream: gzip.GzipFile, path: Path) -> None:
        self._stream = stream
        self._path = path

    def read(self, size: int = -1) -> bytes:
        self._check(self._stream.tell() + size)
        return self._stream.read(size)

    def seek(self, position: int, _whence: int = io.SEEK_SET) -> int:
        self._check(position)
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, position: int) -> None:
        if position > _MAX_ARCHIVE_BYTES:
            raise DataError(
                f"{self._path}: it unpacks to more than {_MAX_ARCHIVE_BYTES:,} bytes, "
                "which no archive of CIFAR does"
            )


def _read_archive(layout: CifarLayout, path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with gzip.open(path) as stream, tarfile.open(fileobj=_Limited(stream, path), mode="r:") as archive:
        for member in archive:
            name = PurePosixPath(member.name).name
            if not member.isfile() or name not in layout.members:
                continue
            _check_batch_size(member.size, f"{path}: {member.name}")
            content = archive.extractfile(member)
            found[name] = content.read() if content else b""
    return found


class _ArrayUnpickler(pickle.Unpickler):
    """Reads NumPy arrays and plain values, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np

        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            # The public way to the function that has moved between NumPy's private modules.
            return np.empty(0).__reduce__()[0]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not allowed")


def _unpickle(content: bytes, where: str) -> Mapping[bytes, Any]:
    try:
        # Python 2 wrote the originals: their strings are bytes.
        batch = _ArrayUnpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # Broken pickles raise anything.
        raise DataError(f"{where}: refused: {error or type(error).__name__}") from error
    if not isinstance(batch, dict):
        raise DataError(f"{where}: expected a dictionary, found {type(batch).__name__}")
    return batch


def _examples(layout: CifarLayout, split: SplitName, pickles: Mapping[str, bytes], where: Path) -> Examples:
    import numpy as np

    features, labels = [], []
    for name in layout.batches[split]:
        batch = _unpickle(pickles[name], f"{where}: {name}")
        images, classes = batch.get(b"data"), np.asarray(batch.get(layout.label_key))
        if (
            not isinstance(images, np.ndarray)
            or images.dtype != np.uint8
            or classes.dtype.kind not in "iu"
            or images.shape != (classes.size, 3 * 32 * 32)
            or not _all_within(classes, len(layout.class_names))
        ):
            raise DataError(
                f"{where}: {name}: expected uint8 `data` of shape (n, 3072) and n labels from 0 to "
                f"{len(layout.class_names) - 1} as `{layout.label_key.decode()}`"
            )
        features.append(images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        labels.append(classes.reshape(-1).astype(np.int64))
    return Examples.of_arrays(np.ascontiguousarray(np.concatenate(features)), np.concatenate(labels), split)


def _all_within(classes: np.ndarray, num_classes: int) -> bool:
    return bool(classes.size and classes.min() >= 0 and classes.max() < num_classes)
