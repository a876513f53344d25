"""Columns of masks of a table: the files that they name, read as classes of the pixels of an image beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.kinds.mask.kind import MaskKind
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.file_checks import first_of
from bigmodel_cli.sources.mask_reading import MaskFile, MaskReader
from bigmodel_cli.sources.memory import check_memory
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.tasks.segmentation.task import Segmentation

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class TableMasks:
    """Makes targets of a column of masks.

    Attributes:
        name: The column.
        kinds: Of all columns.
        opened: The files of each split.
        context: As for `load`.
    """

    name: str
    kinds: Mapping[str, Kind]
    opened: Mapping[SplitName, Table]
    context: LoadContext

    def read(
        self,
        columns: Mapping[SplitName, Mapping[str, Any]],
        rows: Mapping[SplitName, np.ndarray | None],
        problems: dict[SplitName, dict[int, DataError]],
    ) -> tuple[dict[SplitName, np.ndarray], Segmentation]:
        """The masks of all rows, in the size of their images; -1 where a row has none.

        Args:
            columns: By split and name, each one of `tables.columns.Values`.
            rows: Those of each split that have a mask; None: all.
            problems: Gets what is wrong with some, by split and row, where such are left out.

        Raises:
            DataError: If a mask cannot be read, or is none of its image, where that is not left out.
        """
        import numpy as np

        kind = cast(MaskKind, self.kinds[self.name])
        images = cast(ImageKind, self.kinds[kind.of])
        reader = MaskReader(kind.classes, images.format)
        size = images.format.image_size
        total = sum(len(of_split[self.name]) for of_split in columns.values())
        where = next(iter(self.opened.values())).files[0].path
        num_bytes = total * size[0] * size[1] * reader.dtype.itemsize
        check_memory(where, num_bytes, "masks", "make them smaller")
        found: dict[SplitName, np.ndarray] = {}
        for split, of_split in columns.items():
            chosen, files = self._files(split, of_split, kind, rows[split])
            found[split] = np.full((len(of_split[self.name]), *size), -1, reader.dtype)
            if not files:
                continue
            masks, bad = reader.read_all(files, self.context)
            if bad and not self.context.skip_bad_files:
                raise first_of(list(bad.values()), len(files))
            found[split][chosen] = masks
            for place, problem in bad.items():
                problems[split].setdefault(chosen[place], problem)
        return found, Segmentation(size, kind.classes.names)

    def _files(
        self, split: SplitName, columns: Mapping[str, Any], kind: MaskKind, rows: np.ndarray | None
    ) -> tuple[list[int], list[MaskFile]]:
        """The masks of a split's rows that have one with an image, and the places of these rows."""
        masks, images = (self._paths(columns, name) for name in (self.name, kind.of))
        folder = self.opened[split].files[0].path.parent
        chosen = [
            row
            for row in (range(len(masks)) if rows is None else rows.tolist())
            # A row without an image is told of where images are.
            if masks[row] and images[row]
        ]
        return chosen, [MaskFile(folder / masks[row], folder / images[row]) for row in chosen]

    def _paths(self, columns: Mapping[str, Any], name: str) -> list[str]:
        held = part_of(self.kinds[name], Cells).held(columns[name])
        # Tables made on Windows are read everywhere.
        return [str(text).replace("\\", "/") for text in held.values().tolist()]
