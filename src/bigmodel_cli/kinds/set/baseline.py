"""Sets for simple models: a number for each word, 1 where it is there."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder, Encoding, in_memory
from bigmodel_cli.kinds.set.kind import SetKind
from bigmodel_cli.sources.stores import Store

# Of more words, the rarest are left out.
_MOST = 256


class SetEncoder(Encoder):
    """Values are places among the kind's words, -1 for none and for what is not among them."""

    kind: SetKind

    @property
    def num_features(self) -> int:
        return min(len(self.kind.words), _MOST)

    @property
    def num_tree_features(self) -> int:
        return self.num_features

    def values(self, store: Store) -> np.ndarray:
        place_of = {word: place for place, word in enumerate(self.kind.words[:_MOST])}
        places = [place_of.get(word, -1) for word in store.names or ()]
        found: np.ndarray = np.array([*places, -1], np.int64)[in_memory(store)]
        return found

    def for_linear(self, values: np.ndarray) -> Encoding:
        return Encoding(self._hot)

    def for_trees(self, values: np.ndarray) -> Encoding:
        return Encoding(self._hot)

    def _hot(self, places: np.ndarray) -> np.ndarray:
        hot = np.zeros((len(places), self.num_features), np.float32)
        rows, columns = np.nonzero(places >= 0)
        hot[rows, places[rows, columns]] = 1
        return hot
