"""Why simple models do without windows of a text."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder, Encoding, as_rows, in_memory
from bigmodel_cli.sources.stores import Store


class TokensEncoder(Encoder):
    """Ids as they are; models of columns learn no language from them."""

    @property
    def why_not(self) -> str | None:
        return "has windows of a text, from which models of columns learn nothing"

    @property
    def num_features(self) -> int:
        length: int = self.kind.length
        return length

    def values(self, store: Store) -> np.ndarray:
        return as_rows(in_memory(store))

    def for_linear(self, values: np.ndarray) -> Encoding:
        return Encoding(np.asarray)

    def for_trees(self, values: np.ndarray) -> Encoding:
        return Encoding(np.asarray, are_codes=True)
