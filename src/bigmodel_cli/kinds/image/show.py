"""How a picture is shown: as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigmodel_cli.kinds.show import Show, without_channel

if TYPE_CHECKING:
    import numpy as np

# Pixels of the shorter side.
_SMALLEST_PHOTOGRAPH = 32


class ImageShow(Show):
    """Pixels."""

    @property
    def are_pictures(self) -> bool:
        return True

    @property
    def are_photographs(self) -> bool:
        return min(self.kind.shape[:2]) >= _SMALLEST_PHOTOGRAPH

    def pixels(self, value: np.ndarray) -> np.ndarray:
        return without_channel(value)
