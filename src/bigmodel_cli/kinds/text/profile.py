"""What an audit sees of a column of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.profile import Profile, Seen, joined_codes

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class TextProfile(Profile):
    """How long texts are, and which ones are there more than once."""

    counts = "characters"

    def seen(self, stores: Sequence[Store]) -> Seen:
        import numpy as np

        codes, names = joined_codes(stores)
        lengths = np.array([*map(len, names), np.nan], np.float32)[codes]
        return Seen(lengths, codes, names, are_texts=True)

    def shown(self, number: float) -> Any:
        return round(number)
