"""How numbers are shown: as a picture, where they look like one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigmodel_cli.kinds.show import Show, has_shape_of_picture, without_channel

if TYPE_CHECKING:
    import numpy as np

# Of the shorter side; arrays of small coloured pictures are seldom photographs.
_SMALLEST_PICTURE, _SMALLEST_PHOTOGRAPH = 4, 64


class ArrayShow(Show):
    """Rows and columns of numbers are drawn, since many pictures are kept so."""

    why_no_plot = "--plot draws images; this model takes arrays"

    @property
    def are_pictures(self) -> bool:
        return has_shape_of_picture(self.kind.shape) and min(self.kind.shape[:2]) >= _SMALLEST_PICTURE

    @property
    def are_photographs(self) -> bool:
        return self.kind.shape[2:] == (3,) and min(self.kind.shape[:2]) >= _SMALLEST_PHOTOGRAPH

    def pixels(self, value: np.ndarray) -> np.ndarray:
        """Numbers between 0 and 255, or 0 and 1, as they are; others are stretched from least to most."""
        import numpy as np

        if value.dtype == np.uint8:
            return without_channel(value)
        values = np.nan_to_num(np.asarray(value, np.float32))
        low, high = float(values.min()), float(values.max())
        if low < 0 or high > 255:
            values = (values - low) * (255 / max(high - low, 1e-12))
        elif high <= 1:
            values = values * 255
        return without_channel(values.round().astype(np.uint8))
