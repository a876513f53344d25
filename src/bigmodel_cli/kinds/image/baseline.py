"""Pictures for simple models: pixels side by side, of large pictures fewer."""

from __future__ import annotations

import math

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder, Encoding, as_rows, in_memory
from bigmodel_cli.kinds.image.shrinking import shrunk
from bigmodel_cli.sources.stores import Store

# The longest side of what is kept of a picture.
_SIDE = 32
# The same of what trees get, which look at every pixel for every branch: of grey pictures and of others.
_TREES_SIDE_GREY, _TREES_SIDE = 16, 8


class ImageEncoder(Encoder):
    """Pixels; those of large pictures are means of what they cover."""

    @property
    def _shape(self) -> tuple[int, int, int]:
        """Height, width and channels of what is kept."""
        height, width = (min(side, _SIDE) for side in self.kind.shape[:2])
        return height, width, math.prod(self.kind.shape[2:])

    @property
    def num_features(self) -> int:
        return math.prod(self._shape)

    @property
    def num_tree_features(self) -> int:
        height, width, channels = self._shape
        return min(height, self._trees_side) * min(width, self._trees_side) * channels

    @property
    def _trees_side(self) -> int:
        return _TREES_SIDE_GREY if self._shape[-1] == 1 else _TREES_SIDE

    def values(self, store: Store) -> np.ndarray:
        return as_rows(in_memory(store), lambda pixels: shrunk(pixels, _SIDE))

    def for_linear(self, values: np.ndarray) -> Encoding:
        # One scale for all pixels: borders hardly change, and would count as much as what is in the middle.
        mean, scale = values.mean(axis=0, dtype=np.float64), float(values.std(dtype=np.float64)) or 1.0
        return Encoding(lambda pixels: ((pixels - mean) / scale).astype(np.float32))

    def for_trees(self, values: np.ndarray) -> Encoding:
        side = self._trees_side
        return Encoding(
            lambda rows: as_rows(rows.reshape(-1, *self._shape), lambda pixels: shrunk(pixels, side))
        )
