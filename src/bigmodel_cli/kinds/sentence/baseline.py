"""Sentences for simple models: the words as they are."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder, Encoding, in_memory
from bigmodel_cli.sources.stores import Store


class SentenceEncoder(Encoder):
    """Words as texts, which the simple models of tags look up themselves."""

    @property
    def num_features(self) -> int:
        length: int = self.kind.length
        return length

    def values(self, store: Store) -> np.ndarray:
        return store.values_of(in_memory(store))

    def for_linear(self, values: np.ndarray) -> Encoding:
        return Encoding(np.asarray)

    def for_trees(self, values: np.ndarray) -> Encoding:
        return Encoding(np.asarray, are_codes=True)
