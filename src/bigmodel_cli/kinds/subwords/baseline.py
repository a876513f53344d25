"""Texts that a model gets as tokens, for simple models: words and runs of characters as of any text."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.kinds.text.baseline import TextEncoder
from bigmodel_cli.sources.stores import Store, texts_of


class SubwordsEncoder(TextEncoder):
    """The texts that tokens were made of."""

    def values(self, store: Store) -> np.ndarray:
        return super().values(texts_of(store))
