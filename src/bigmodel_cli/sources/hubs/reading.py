"""One pass over the rows of a split: what is kept of inputs, targets and other columns."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.decoding import decoder
from bigmodel_cli.kinds.image.files.opening import open_image
from bigmodel_cli.kinds.image.kind import ColorMode
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.read import Read
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.file_checks import SKIP_HINT
from bigmodel_cli.sources.hubs.choosing import DataSet
from bigmodel_cli.sources.hubs.column_types import image_file
from bigmodel_cli.sources.hubs.rows import Rows, RowStore, of_each, value_of
from bigmodel_cli.sources.kept_arrays import KeptArrays
from bigmodel_cli.sources.memory import memory_bytes
from bigmodel_cli.sources.stores import ArrayStore, Store

if TYPE_CHECKING:
    import numpy as np

# Inputs that take no more than this part of the machine's memory are read once, and kept there.
KEPT_SHARE = 0.25
# What took as long to decode is kept on disk for later runs.
KEPT_SECONDS = 0.5


@dataclass(frozen=True, eq=False)
class Part:
    """What was read of one split.

    Attributes:
        stores: Images and arrays, by name.
        cells: All values of other columns, by name.
        problems: What is wrong with rows whose images or arrays cannot be read, by index.
    """

    stores: Mapping[str, Store]
    cells: Mapping[str, Sequence[Any]]
    problems: Mapping[int, DataError]


def is_kept(kinds: Mapping[str, Kind], count: int) -> bool:
    """Whether so many examples of these kinds are kept in memory."""
    memory = memory_bytes()
    return memory is None or sum(kind.num_bytes for kind in kinds.values()) * count <= KEPT_SHARE * memory


def _kept_of(
    splits: Sequence[Rows], told: Sequence[str], data: DataSet, context: LoadContext
) -> KeptArrays | None:
    """Where what was made of rows may be kept; None: nowhere.

    Args:
        splits: The rows.
        told: What else decides it.
        data: Whose they are.
        context: Says whether it may.
    """
    if not context.keeps_decoded or not all(rows.written for rows in splits):
        return None
    of_rows = [text for rows in splits for text in (rows.identity, rows.written)]
    return KeptArrays([*told, *of_rows], data.where)


def _keep(earlier: KeptArrays, arrays: Mapping[str, np.ndarray], began: float) -> None:
    """Keep what took longer than reading it again would."""
    if time.monotonic() - began >= KEPT_SECONDS:
        earlier.keep(arrays)


@dataclass(frozen=True)
class Reading:
    """Reads splits.

    Attributes:
        data: The data set.
        kinds: Of images and arrays, by their columns' names.
        cells: Names of other columns.
        is_kept: Whether images and arrays are kept.
        context: Takes progress; says whether rows that cannot be read are left out.
    """

    data: DataSet
    kinds: Mapping[str, Kind]
    cells: Sequence[str]
    is_kept: bool
    context: LoadContext

    def read(self, split: SplitName, rows: Rows) -> Part:
        """All of a split.

        Raises:
            DataError: If a row is damaged.
        """
        import numpy as np

        problems: dict[int, DataError] = {}
        kept = self.kinds if self.is_kept else {}
        arrays = {name: np.zeros((len(rows), *kind.shape), kind.dtype) for name, kind in kept.items()}
        pictures = {name: array for name, array in arrays.items() if self.data.columns[name].is_picture}
        earlier = self._earlier(rows, list(pictures))
        if earlier is not None and earlier.fetch(pictures):
            kept = {name: kind for name, kind in kept.items() if name not in pictures}
        are_files, began = False, time.monotonic()

        def take(position: int, row: Mapping[str, Any]) -> Sequence[Any]:
            nonlocal are_files
            are_files = are_files or any(isinstance(row[name], Path) for name in kept)
            try:
                for name, kind in kept.items():
                    called = f"{self.data.where}: {split}[{position}]: {name}"
                    arrays[name][position] = value_of(row[name], self.data.columns[name], kind, called)
            except DataError as error:
                if not self.context.skip_bad_files:
                    raise DataError(error.message, hint=error.hint or SKIP_HINT) from error
                problems[position] = error
            return [row[name] for name in self.cells]

        found = list(of_each(rows, [*self.cells, *kept], take, f"reading {split}", self.context))
        if earlier is not None and pictures.keys() <= kept.keys() and not problems and not are_files:
            _keep(earlier, pictures, began)
        cells = {name: [row[place] for row in found] for place, name in enumerate(self.cells)}
        stores: dict[str, Store] = {name: ArrayStore(array, split) for name, array in arrays.items()}
        for name, kind in self.kinds.items():
            if name not in stores:
                places: np.ndarray = np.arange(len(rows))
                stores[name] = RowStore(kind, places, rows, name, self.data.columns[name], split)
        return Part(stores, cells, dict(sorted(problems.items())))

    def _earlier(self, rows: Rows, pictures: Sequence[str]) -> KeptArrays | None:
        """Where the pixels of images may be from an earlier run; None: nowhere."""
        readers = [part_of(self.kinds[name], Read) for name in pictures]
        told = [f"{reader.decoder()}\n{reader.described}" for reader in readers]
        return _kept_of([rows], [*pictures, *told], self.data, self.context) if pictures else None


def size_and_mode(
    data: DataSet, name: str, splits: Mapping[SplitName, Rows], context: LoadContext
) -> tuple[tuple[int, int], ColorMode]:
    """(height, width) and channels of all images of a column, as each of their headers says.

    Raises:
        DataError: If they differ in size.
    """
    import numpy as np

    earlier = _kept_of(list(splits.values()), ["size and mode", name, decoder()], data, context)
    known = np.zeros(3, np.int64)
    if earlier is not None and earlier.fetch({"known": known}):
        height, width, is_grey = known.tolist()
        return (height, width), "grayscale" if is_grey else "rgb"
    began = time.monotonic()

    are_files = False

    def header(_: int, row: Mapping[str, Any]) -> tuple[tuple[int, int], str] | None:
        nonlocal are_files
        are_files = are_files or isinstance(row[name], Path)
        try:
            with open_image(image_file(row[name], data.where)) as image:
                return image.size, image.mode
        except (DataError, TypeError):
            # What is damaged, or not there, is told of when it is decoded.
            return None

    headers = {
        each
        for rows in splits.values()
        for each in of_each(rows, [name], header, "looking at images", context)
    }
    found = {each for each in headers if each is not None}
    sizes = sorted({size[::-1] for size, _ in found})
    if len(sizes) == 1:
        is_grey = all(mode in ("1", "L") or mode.startswith("I") for _, mode in found)
        known[:] = *sizes[0], is_grey
        if earlier is not None and None not in headers and not are_files:
            _keep(earlier, {"known": known}, began)
        return sizes[0], "grayscale" if is_grey else "rgb"
    if not sizes:
        raise DataError(f"{data.where}: none of the images in {name} can be read")
    smallest, largest = (" × ".join(map(str, size)) for size in (sizes[0], sizes[-1]))
    raise DataError(
        f"{data.where}: the images in {name} differ in size, from {smallest} to {largest}",
        hint="say what all of them become: image_size: [height, width]",
    )
