"""Arrays for simple models: each number by itself, wherever it stands."""

from __future__ import annotations

import math

import numpy as np

from bigmodel_cli.kinds.baseline import MAX_NUMBERS, Encoder, Encoding, as_rows, in_memory, standardized
from bigmodel_cli.sources.stores import Store


class ArrayEncoder(Encoder):
    """Numbers side by side."""

    @property
    def why_not(self) -> str | None:
        count = self.num_features
        return f"has {count:,} numbers for each example" if count > MAX_NUMBERS else None

    @property
    def num_features(self) -> int:
        return math.prod(self.kind.shape)

    def values(self, store: Store) -> np.ndarray:
        return as_rows(in_memory(store))

    def for_linear(self, values: np.ndarray) -> Encoding:
        return standardized(values)

    def for_trees(self, values: np.ndarray) -> Encoding:
        return Encoding(np.asarray)
