"""Files as values of a column, which stay on disk until they are needed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.stores import Store

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Files:
    """All files of a source, of whatever split.

    Attributes:
        root: The folder that paths are relative to.
        paths: Relative paths with `/` between their parts.
        sizes: int64 bytes of the files of shape (n,).
        modified: int64 times of their last change in nanoseconds, of shape (n,).
        kind: What each of them holds.
    """

    root: Path
    paths: Sequence[str]
    sizes: np.ndarray
    modified: np.ndarray
    kind: Kind

    def __len__(self) -> int:
        return len(self.paths)

    def path(self, position: int) -> Path:
        return self.root / self.paths[position]

    @cached_property
    def read(self) -> Read:
        """Reads them."""
        return part_of(self.kind, Read)

    @property
    def draws(self) -> bool:
        """Whether training draws a part of those that are longer than what is taken of them."""
        return self.read.draws

    def value(self, position: int) -> np.ndarray:
        """What one of them holds."""
        return self.read.file(self.path(position)).array

    @cached_property
    def decoded_fingerprint(self) -> str:
        """A sha256 of everything that decides the values of these files, and where each one is among them.

        Contents count by size and time of the last change.
        """
        described = f"{self.read.decoder()}\n{self.read.described}\n{self.root.resolve()}\n"
        digest = hashlib.sha256(described.encode(errors="surrogateescape"))
        for path in self.paths:
            digest.update(path.encode(errors="surrogateescape") + b"\0")
        digest.update(self.sizes.tobytes())
        digest.update(self.modified.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class JoinedFiles(Files):
    """Values that are several files each, one behind the other; a path names all of them.

    Attributes:
        parts: Of each value the paths of its files.
    """

    parts: Sequence[Sequence[Path]]

    @property
    def draws(self) -> bool:
        return False

    def value(self, position: int) -> np.ndarray:
        return self.read.joined(self.parts[position]).array


@dataclass(frozen=True, eq=False)
class FileStore(Store):
    """Values that files hold; only paths and sizes are in memory.

    Attributes:
        files: All files of the source, which its splits share.
        positions: int64 places of these among them, of shape (n,).
    """

    files: Files = field()
    positions: np.ndarray = field()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.files.kind.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        import numpy as np

        return np.dtype(self.files.kind.dtype)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def paths(self) -> tuple[str, ...]:
        """Relative paths of these files."""
        return tuple(self.files.paths[position] for position in self.positions.tolist())

    def take(self, indices: np.ndarray) -> FileStore:
        return replace(self, positions=self.positions[indices])

    def read(self, index: int) -> np.ndarray:
        return self.files.value(int(self.positions[index]))

    def name(self, index: int) -> str:
        return str(self._path(index))

    def _path(self, index: int) -> Path:
        return self.files.path(int(self.positions[index]))

    def add_to(self, digest: Any) -> None:
        """Update a hash by relative paths and file sizes, in order, and by how files are read.

        Contents are not read, which would take as long as an epoch: an edit that keeps a file's name and
        size goes unnoticed.
        """
        digest.update(f"{self.files.read.described}\n".encode())
        for path, size in zip(self.paths, self.files.sizes[self.positions].tolist(), strict=True):
            digest.update(f"{path}\0{size}\n".encode(errors="surrogateescape"))
