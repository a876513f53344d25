"""Windows of a text are no pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigmodel_cli.kinds.show import Show

if TYPE_CHECKING:
    import numpy as np


class TokensShow(Show):
    """Nothing is drawn."""

    why_no_plot = "--plot draws images; this model takes text"

    @property
    def are_pictures(self) -> bool:
        return False

    @property
    def are_photographs(self) -> bool:
        return False

    def pixels(self, value: np.ndarray) -> np.ndarray:
        raise TypeError("a text is no picture")
