"""Image files as inputs, which stay on disk until they are needed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.image.files.decoding import decode_image, decoder
from bigmodel_cli.kinds.image.kind import ImageFormat
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext, Source, SplitName
from bigmodel_cli.sources.image_checks import bits_of_images, check_images, skipped_sentence, without_bad
from bigmodel_cli.sources.stores import Store

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class ImageFiles:
    """All files of a source, of whatever split.

    Attributes:
        root: The folder that paths are relative to.
        paths: Relative paths with `/` between their parts.
        sizes: int64 bytes of the files of shape (n,).
        modified: int64 times of their last change in nanoseconds, of shape (n,).
        image_format: How they are decoded.
    """

    root: Path
    paths: Sequence[str]
    sizes: np.ndarray
    modified: np.ndarray
    image_format: ImageFormat

    def __len__(self) -> int:
        return len(self.paths)

    def path(self, position: int) -> Path:
        return self.root / self.paths[position]

    @cached_property
    def pixels_fingerprint(self) -> str:
        """A sha256 of everything that decides the pixels of these files, and where each one is among them.

        Contents count by size and time of the last change.
        """
        described = f"{decoder()}\n{self.image_format.described}\n{self.root.resolve()}\n"
        digest = hashlib.sha256(described.encode(errors="surrogateescape"))
        for path in self.paths:
            digest.update(path.encode(errors="surrogateescape") + b"\0")
        digest.update(self.sizes.tobytes())
        digest.update(self.modified.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ImageFileStore(Store):
    """Image files; only paths and sizes are in memory.

    Attributes:
        files: All files of the source, which its splits share.
        positions: int64 places of these among them, of shape (n,).
    """

    files: ImageFiles = field()
    positions: np.ndarray = field()

    @property
    def shape(self) -> tuple[int, ...]:
        return self.files.image_format.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        import numpy as np

        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def paths(self) -> tuple[str, ...]:
        """Relative paths of these files."""
        return tuple(self.files.paths[position] for position in self.positions.tolist())

    def take(self, indices: np.ndarray) -> ImageFileStore:
        return replace(self, positions=self.positions[indices])

    def read(self, index: int) -> np.ndarray:
        return decode_image(self._path(index), self.files.image_format)

    def name(self, index: int) -> str:
        return str(self._path(index))

    def _path(self, index: int) -> Path:
        return self.files.path(int(self.positions[index]))

    def add_to(self, digest: Any) -> None:
        """Update a hash by relative paths and file sizes, in order, and by how files are decoded.

        Contents are not read, which would take as long as an epoch: an edit that keeps a file's name and
        size goes unnoticed.
        """
        digest.update(f"{self.files.image_format.described}\n".encode())
        for path, size in zip(self.paths, self.files.sizes[self.positions].tolist(), strict=True):
            digest.update(f"{path}\0{size}\n".encode(errors="surrogateescape"))


@dataclass(frozen=True)
class ListedFiles:
    """The files of one split as a source lists them.

    Attributes:
        paths: Relative to the source's root, with `/` between their parts.
        labels: As for all examples.
    """

    paths: Sequence[str]
    labels: np.ndarray


def checked_source(
    root: Path, listed: Mapping[SplitName, ListedFiles], signature: Signature, context: LoadContext
) -> Source:
    """The source of files that were listed, once their headers are read.

    Args:
        root: The folder that paths are relative to.
        listed: Files by split.
        signature: What one example is; with an image format.
        context: Says whether bad files are left out; one warning then tells of them.

    Raises:
        DataError: If a file is no image, or too few are left.
    """
    import numpy as np

    assert signature.image_format is not None
    paths = tuple(path for part in listed.values() for path in part.paths)
    checked = check_images([root / path for path in paths], context)
    _warn_of_depth([root / paths[index] for index in checked.deep], signature.image_format, context)
    files = ImageFiles(root, paths, checked.sizes, checked.modified, signature.image_format)
    problems = checked.problems
    splits: dict[SplitName, Examples] = {}
    start = 0
    for split, part in listed.items():
        stop = start + len(part.paths)
        own = {index - start: problem for index, problem in problems.items() if start <= index < stop}
        examples = Examples.of(ImageFileStore(files, np.arange(start, stop)), part.labels)
        if context.left_out is not None:
            for index, problem in own.items():
                context.left_out(split, part.paths[index], problem)
        splits[split] = without_bad(examples, own, split, signature.class_names, context)
        start = stop
    if problems and context.left_out is None:
        context.warn(skipped_sentence(list(problems.values()), f"{len(paths):,} files"))
    return Source(splits, signature, len(problems))


def _warn_of_depth(deep: Sequence[Path], image_format: ImageFormat, context: LoadContext) -> None:
    """Say where 16-bit images use fewer bits than are taken, and so are dark, or more, and so are cut off."""
    bits = bits_of_images(deep) if deep else image_format.bit_depth
    asked = image_format.bit_depth
    # Dark photographs leave a bit or two of what there is unused.
    if asked - 2 <= bits <= asked:
        return
    # Cameras and scanners have 10, 12, 14 or 16.
    right = next(depth for depth in (8, 10, 12, 14, 16) if depth >= bits)
    how = "look nearly black" if bits < asked else "are cut off where they are bright"
    context.warn(
        f"{len(deep):,} images have 16 bits per pixel and use {bits} of them: with bit_depth: {asked} they "
        f"{how}, for example {deep[0]}; bit_depth: {right} takes them as they are"
    )
