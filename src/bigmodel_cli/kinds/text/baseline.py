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
# Runs of characters, inside of words, and how many of a text there are, about.
_RUNS, _MOST_RUNS, _CHARACTERS = (2, 5), 50_000, 1_000
# How long a text's numbers are together: at 1, what holds weights small (C=1) holds them smaller than for
# numbers of unit variance, and texts were told apart worse.
_LENGTH = 3.0
# Directions in which texts differ most (latent semantic analysis): for trees, words are too many columns.
_DIRECTIONS = 32


class TextEncoder(Encoder):
    """Words, and pairs of them."""

    # To find the words takes longer than to fit a model.
    most: ClassVar[int] = 50_000
    has_margins: ClassVar[bool] = True

    @property
    def num_features(self) -> int:
        return _WORDS

    @property
    def num_margin_features(self) -> int:
        return _CHARACTERS

    @property
    def num_tree_features(self) -> int:
        return _DIRECTIONS

    def values(self, store: Store) -> np.ndarray:
        return store.values_of(in_memory(store))

    def for_linear(self, values: np.ndarray) -> Encoding:
        """Words and pairs of words."""
        words = _tf_idf(values, ngram_range=(1, 2), max_features=_MOST_WORDS)
        return Encoding(lambda texts: words.encode(texts) * _LENGTH)

    def for_margins(self, values: np.ndarray) -> Encoding:
        """Runs of characters inside of words: spellings and endings are alike, which words are not."""
        return _tf_idf(values, analyzer="char_wb", ngram_range=_RUNS, max_features=_MOST_RUNS)

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


def _tf_idf(values: np.ndarray, **what: Any) -> Encoding:
    """How often what scikit-learn's vectorizer is told to look for occurs, by how rare it is; of length 1."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    # What occurs once says nothing of other texts, and makes those it occurs in unlike all others.
    for least in (2, 1):
        vectorizer = TfidfVectorizer(min_df=least, sublinear_tf=True, dtype=np.float32, **what)
        with suppress(ValueError):
            return Encoding(vectorizer.fit(values).transform)
    # Nothing of the kind.
    return _nothing()


def _nothing() -> Encoding:
    return Encoding(lambda texts: np.zeros((len(texts), 1), np.float32))
