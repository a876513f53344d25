"""What speaks for an item that is recommended: items that its user had, and what it scores for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

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
        columns: How much less it would be without each column of the item, where that was asked.
    """

    like: Sequence[tuple[str, float]]
    taste: float
    beforehand: float
    columns: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        like = [{"item": name, "cosine": cosine} for name, cosine in self.like]
        columns = {"columns": {**self.columns}} if self.columns else {}
        return {"like": like, "taste": self.taste, "beforehand": self.beforehand, **columns}


class Columns(Protocol):
    """Says what columns of items change in their vectors."""

    names: Sequence[str]

    def changes(self, items: Sequence[str], /) -> np.ndarray:
        """The vector of each item less the one without each column, float32 (items, columns, d)."""


def reasons(
    catalogue: Catalogue, vector: np.ndarray, had: np.ndarray, items: np.ndarray, columns: Columns | None
) -> list[Reason]:
    """What speaks for each of some items.

    Args:
        catalogue: What a run keeps.
        vector: Of the user, float32 (d,).
        had: The numbers of the items that the user had.
        items: Those of the items that are recommended.
        columns: Says what columns change; None: they are not told.
    """
    if not len(items):
        return []
    vectors = catalogue.item_vectors[items]
    cosines = _scaled(vectors) @ _scaled(catalogue.item_vectors[had]).T
    cosines[items[:, np.newaxis] == had] = OUT
    found, names = [], () if columns is None else columns.names
    worth = np.zeros((len(items), 0))
    if columns is not None:
        worth = columns.changes([catalogue.items[item] for item in items.tolist()]) @ vector
    for item, taste, row, of_item in zip(
        items.tolist(), (vectors @ vector).tolist(), cosines, worth.tolist(), strict=True
    ):
        (places,) = best(row[np.newaxis], min(_MOST, len(row)))
        alike = [place for place in places.tolist() if row[place] > 0]
        like = [(catalogue.items[had[place]], float(row[place])) for place in alike]
        of_columns = dict(zip(names, of_item, strict=True))
        found.append(Reason(like, taste, float(catalogue.prior[item]), of_columns))
    return found


def _scaled(vectors: np.ndarray) -> np.ndarray:
    """The same of length 1; what has none stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))
