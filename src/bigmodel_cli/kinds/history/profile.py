"""What an audit sees of histories: how long they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.profile import Profile, Seen

if TYPE_CHECKING:
    from bigmodel_cli.sources.stores import Store


class HistoryProfile(Profile):
    """How many items they have, and which ones are the same."""

    counts = "items"

    def seen(self, stores: Sequence[Store]) -> Seen:
        import numpy as np

        place_of: dict[str, int] = {}
        parts = []
        for store in stores:
            assert store.names is not None
            new = [place_of.setdefault(name, len(place_of)) for name in store.names]
            parts.append(np.array([*new, -1], np.int32)[store.gather(np.arange(len(store)))])
        places = np.concatenate(parts)
        _, codes = np.unique(places, axis=0, return_inverse=True)
        lengths = (places >= 0).sum(axis=1).astype(np.float32)
        return Seen(lengths, parts=[codes.reshape(-1).astype(np.int32)])

    def shown(self, number: float) -> Any:
        return round(number)
