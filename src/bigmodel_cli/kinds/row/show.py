"""How rows are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bigmodel_cli.cut import cut
from bigmodel_cli.kinds.cells import Cells
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.parts import part_of

if TYPE_CHECKING:
    import numpy as np


# Letters of a row, and of one of its columns beside others.
_ROOM, _OF_ONE = 160, 40


class RowShow(Show):
    """Rows are no pictures, whatever their columns are."""

    kind: RowKind
    why_no_plot = "--plot draws images; this model takes rows of a table"
    are_pictures = False
    are_photographs = False

    def pixels(self, value: np.ndarray) -> np.ndarray:
        raise TypeError("a row has no pixels")

    def words(self, cells: Mapping[str, Any]) -> str | None:
        """The only column as it is, or `age 39, workclass Private, …`."""
        written = {
            name: part_of(kind, Cells).written(cells[name]) for name, kind in self.kind.columns.items()
        }
        known = {name: " ".join(text.split()) for name, text in written.items() if text}
        if len(self.kind.columns) > 1:
            known = {name: f"{name} {cut(text, _OF_ONE)}" for name, text in known.items()}
        return cut(", ".join(known.values()), _ROOM) or None
