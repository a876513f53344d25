"""Categories for simple models: one number for each of them, or a code that trees know for one."""

from __future__ import annotations

from typing import Any

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder, Encoding, in_memory
from bigmodel_cli.kinds.category.kind import CategoryKind
from bigmodel_cli.sources.stores import Store

# Of more categories, most numbers are 0, and only the others are kept.
_MOST_DENSE = 64
# scikit-learn's trees know so many categories of a column.
_MOST_CODES = 255


class CategoryEncoder(Encoder):
    """Values are places among the kind's categories: behind them one for unknown ones, and one for none."""

    kind: CategoryKind

    @property
    def num_features(self) -> int:
        return min(self._unknown + 1, _MOST_DENSE)

    @property
    def num_tree_features(self) -> int:
        return 1

    @property
    def has_offsets(self) -> bool:
        return self._unknown > _MOST_DENSE

    @property
    def _unknown(self) -> int:
        return len(self.kind.categories)

    def values(self, store: Store) -> np.ndarray:
        place_of = {name: place for place, name in enumerate(self.kind.categories)}
        # Files of another split may have other names, in another order.
        places = [place_of.get(name, self._unknown if name else -1) for name in store.names or ()]
        found: np.ndarray = np.array([*places, -1], np.int64)[in_memory(store)]
        return found

    def for_linear(self, values: np.ndarray) -> Encoding:
        """A category has a 1 in its own column, one that is missing in the last; an unknown one has none."""
        count = self._unknown + 1

        def encode(places: np.ndarray) -> Any:
            columns = np.where(places < 0, count - 1, np.where(places >= self._unknown, -1, places))
            known = np.flatnonzero(columns >= 0)
            if count <= _MOST_DENSE:
                dense = np.zeros((len(places), count), np.float32)
                dense[known, columns[known]] = 1
                return dense
            from scipy.sparse import csr_array

            shape = (len(places), count)
            return csr_array((np.ones(len(known), np.float32), (known, columns[known])), shape)

        return Encoding(encode)

    def for_offsets(self, values: np.ndarray) -> Encoding:
        """A name that no training example has is none."""
        known = np.unique(values)

        def encode(places: np.ndarray) -> np.ndarray:
            found: np.ndarray = np.where(np.isin(places, known), places, -1)[:, np.newaxis]
            return found.astype(np.float64)

        return Encoding(encode)

    def for_trees(self, values: np.ndarray) -> Encoding:
        """The rarest of very many categories share a code; what is missing or unknown is NaN."""

        def encode(places: np.ndarray) -> np.ndarray:
            codes: np.ndarray = np.minimum(places, _MOST_CODES - 1).astype(np.float32)
            codes[(places < 0) | (places >= self._unknown)] = np.nan
            return codes[:, np.newaxis]

        return Encoding(encode, are_codes=True)
