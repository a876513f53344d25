"""What speaks for an item that is recommended: items that its user had, and what it scores for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.recommending.catalogue import Catalogue
from bigmodel_cli.scoring.rankings import OUT, best

# Items that are told, at most.
_MOST = 3


@dataclass(frozen=True)
class Reason:
    """What speaks for an item.

    Attributes:
        like: Items that the user had and that are most like it, with the cosine between their vectors, which
            is above 0.
        taste: Of its score, the product of the user's vector and the item's.
        beforehand: The rest, which the item scores whoever asks.
    """

    like: Sequence[tuple[str, float]]
    taste: float
    beforehand: float

    def as_json(self) -> dict[str, Any]:
        like = [{"item": name, "cosine": cosine} for name, cosine in self.like]
        return {"like": like, "taste": self.taste, "beforehand": self.beforehand}


def reasons(catalogue: Catalogue, vector: np.ndarray, had: np.ndarray, items: np.ndarray) -> list[Reason]:
    """What speaks for each of some items.

    Args:
        catalogue: What a run keeps.
        vector: Of the user, float32 (d,).
        had: The numbers of the items that the user had.
        items: Those of the items that are recommended.
    """
    vectors = catalogue.item_vectors[items]
    cosines = _scaled(vectors) @ _scaled(catalogue.item_vectors[had]).T
    cosines[items[:, np.newaxis] == had] = OUT
    found = []
    for item, taste, row in zip(items.tolist(), (vectors @ vector).tolist(), cosines, strict=True):
        (places,) = best(row[np.newaxis], min(_MOST, len(row)))
        alike = [place for place in places.tolist() if row[place] > 0]
        like = [(catalogue.items[had[place]], float(row[place])) for place in alike]
        found.append(Reason(like, taste, float(catalogue.prior[item])))
    return found


def _scaled(vectors: np.ndarray) -> np.ndarray:
    """The same of length 1; what has none stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))
