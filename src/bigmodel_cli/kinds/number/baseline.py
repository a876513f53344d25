"""Numbers for simple models."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder, Encoding, as_rows, in_memory, standardized
from bigmodel_cli.sources.stores import Store


class NumberEncoder(Encoder):
    """The number; trees take NaN as it is."""

    @property
    def num_features(self) -> int:
        return 1

    def values(self, store: Store) -> np.ndarray:
        return as_rows(in_memory(store))

    def for_linear(self, values: np.ndarray) -> Encoding:
        return standardized(values)

    def for_trees(self, values: np.ndarray) -> Encoding:
        return Encoding(np.asarray)
