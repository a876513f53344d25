"""One pass over the rows of a split: what is kept of inputs, targets and other columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.opening import open_image
from bigmodel_cli.kinds.image.kind import ColorMode
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.hubs.choosing import DataSet
from bigmodel_cli.sources.hubs.column_types import image_file
from bigmodel_cli.sources.hubs.rows import Rows, RowStore, of_each, value_of
from bigmodel_cli.sources.image_checks import SKIP_HINT
from bigmodel_cli.sources.memory import memory_bytes
from bigmodel_cli.sources.stores import ArrayStore, Store

if TYPE_CHECKING:
    import numpy as np

# Inputs that take no more than this part of the machine's memory are read once, and kept there.
KEPT_SHARE = 0.25


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

        def take(position: int, row: Mapping[str, Any]) -> Sequence[Any]:
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
        cells = {name: [row[place] for row in found] for place, name in enumerate(self.cells)}
        stores: dict[str, Store] = {name: ArrayStore(array, split) for name, array in arrays.items()}
        for name, kind in self.kinds.items():
            if name not in stores:
                places: np.ndarray = np.arange(len(rows))
                stores[name] = RowStore(rows, name, self.data.columns[name], kind, split, places)
        return Part(stores, cells, dict(sorted(problems.items())))


def size_and_mode(
    data: DataSet, name: str, splits: Mapping[SplitName, Rows], context: LoadContext
) -> tuple[tuple[int, int], ColorMode]:
    """(height, width) and channels of all images of a column, as each of their headers says.

    Raises:
        DataError: If they differ in size.
    """

    def header(_: int, row: Mapping[str, Any]) -> tuple[tuple[int, int], str] | None:
        try:
            with open_image(image_file(row[name], data.where)) as image:
                return image.size, image.mode
        except (DataError, TypeError):
            # What is damaged, or not there, is told of when it is decoded.
            return None

    headers = (
        each
        for rows in splits.values()
        for each in of_each(rows, [name], header, "looking at images", context)
    )
    found = {each for each in headers if each is not None}
    sizes = sorted({size[::-1] for size, _ in found})
    if len(sizes) == 1:
        is_grey = all(mode in ("1", "L") or mode.startswith("I") for _, mode in found)
        return sizes[0], "grayscale" if is_grey else "rgb"
    if not sizes:
        raise DataError(f"{data.where}: none of the images in {name} can be read")
    smallest, largest = (" × ".join(map(str, size)) for size in (sizes[0], sizes[-1]))
    raise DataError(
        f"{data.where}: the images in {name} differ in size, from {smallest} to {largest}",
        hint="say what all of them become: image_size: [height, width]",
    )
