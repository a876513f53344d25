"""Texts for simple models: how often words occur, weighed by how rare they are (TF-IDF)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.kinds.baseline import Encoder, Encoding, in_memory
from bigmodel_cli.sources.stores import Store

_MOST_WORDS = 20_000
# Words of a text that are looked at, about.
_WORDS = 100
# Directions in which texts differ most (latent semantic analysis): for trees, words are too many columns.
_DIRECTIONS = 32


class TextEncoder(Encoder):
    """Words, and pairs of them."""

    # To find the words takes longer than to fit a model.
    most: ClassVar[int] = 50_000

    @property
    def num_features(self) -> int:
        return _WORDS

    @property
    def num_tree_features(self) -> int:
        return _DIRECTIONS

    def values(self, store: Store) -> np.ndarray:
        return store.values_of(in_memory(store))

    def for_linear(self, values: np.ndarray) -> Encoding:
        from sklearn.feature_extraction.text import TfidfVectorizer

        # What occurs once says nothing of other texts, and makes those it occurs in unlike all others.
        for least in (2, 1):
            vectorizer = TfidfVectorizer(
                ngram_range=(1, 2),
                min_df=least,
                max_features=_MOST_WORDS,
                sublinear_tf=True,
                dtype=np.float32,
            )
            with suppress(ValueError):
                return Encoding(vectorizer.fit(values).transform)
        # Not one word.
        return _nothing()

    def for_trees(self, values: np.ndarray) -> Encoding:
        from sklearn.decomposition import TruncatedSVD

        words = self.for_linear(values)
        matrix = words.encode(values)
        if min(matrix.shape) <= 1:
            return _nothing()
        count = min(_DIRECTIONS, matrix.shape[1], matrix.shape[0])
        directions = TruncatedSVD(count, random_state=0).fit(matrix)

        def encode(texts: np.ndarray) -> Any:
            return directions.transform(words.encode(texts)).astype(np.float32)

        return Encoding(encode)


def _nothing() -> Encoding:
    return Encoding(lambda texts: np.zeros((len(texts), 1), np.float32))
