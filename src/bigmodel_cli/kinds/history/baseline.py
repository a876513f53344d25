"""Histories for simple models: 1 for each of the items that most histories have."""

from __future__ import annotations

import hashlib

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder, Encoding, in_memory
from bigmodel_cli.kinds.history.kind import HistoryKind
from bigmodel_cli.sources.stores import Store

# Of more items, the rarest are left out.
_MOST = 256
_NONE = 0


class HistoryEncoder(Encoder):
    """Values are numbers that stand for items, whatever the split, 0 for none."""

    kind: HistoryKind

    @property
    def num_features(self) -> int:
        return _MOST

    def values(self, store: Store) -> np.ndarray:
        numbers = [_number_of(name) for name in store.names or ()]
        found: np.ndarray = np.array([*numbers, _NONE], np.int64)[in_memory(store)]
        return found

    def for_linear(self, values: np.ndarray) -> Encoding:
        items, counts = np.unique(values[values != _NONE], return_counts=True)
        kept = np.sort(items[np.argsort(-counts, kind="stable")[:_MOST]])
        if not len(kept):
            return Encoding(lambda given: np.zeros((len(given), 1), np.float32))

        def encode(given: np.ndarray) -> np.ndarray:
            hot = np.zeros((len(given), len(kept)), np.float32)
            places = np.searchsorted(kept, given).clip(max=len(kept) - 1)
            rows, columns = np.nonzero(kept[places] == given)
            hot[rows, places[rows, columns]] = 1
            return hot

        return Encoding(encode)

    def for_trees(self, values: np.ndarray) -> Encoding:
        return self.for_linear(values)


def _number_of(name: str) -> int:
    """A number that stands for a name in whatever list of names, and is not 0."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return int.from_bytes(digest, "big") + 1
