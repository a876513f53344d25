"""Dates for simple models: the numbers that they are turned into."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder, Encoding, as_rows, in_memory, standardized
from bigmodel_cli.sources.stores import Store


class DateEncoder(Encoder):
    """Year, month and so on, side by side."""

    @property
    def num_features(self) -> int:
        return len(self.kind.parts)

    def values(self, store: Store) -> np.ndarray:
        return as_rows(in_memory(store))

    def for_linear(self, values: np.ndarray) -> Encoding:
        return standardized(values)

    def for_trees(self, values: np.ndarray) -> Encoding:
        return Encoding(np.asarray)
