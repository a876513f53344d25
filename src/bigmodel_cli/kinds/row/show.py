"""How rows are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigmodel_cli.kinds.show import Show

if TYPE_CHECKING:
    import numpy as np


class RowShow(Show):
    """Rows are no pictures, whatever their columns are."""

    why_no_plot = "--plot draws images; this model takes rows of a table"
    are_pictures = False
    are_photographs = False

    def pixels(self, value: np.ndarray) -> np.ndarray:
        raise TypeError("a row has no pixels")
