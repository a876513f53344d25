"""What an audit sees of sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.profile import Profile, Seen, coded

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class SentenceProfile(Profile):
    """How many words sentences have, and which ones are there more than once."""

    counts = "words"

    def seen(self, stores: Sequence[Store]) -> Seen:
        import numpy as np

        texts: list[str] = []
        lengths: list[int] = []
        for store in stores:
            assert store.names is not None
            names = [*store.names, ""]
            for row in store.gather(np.arange(len(store))).tolist():
                words = [names[place] for place in row if names[place]]
                texts.append(" ".join(words))
                lengths.append(len(words))
        codes, names = coded(texts)
        return Seen(np.array(lengths, np.float32), codes, names, are_texts=True)

    def shown(self, number: float) -> Any:
        return round(number)
