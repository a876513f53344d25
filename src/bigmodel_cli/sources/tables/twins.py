"""How many rows of a table are there more than once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bigmodel_cli.sources.tables.columns import Categories, Dates, Numbers, Texts, Values, Vectors

if TYPE_CHECKING:
    import numpy as np


def share_of_twins(columns: Iterable[Values]) -> float:
    """The share of rows, from 0 to 1, of which at least one other row has the same in all of these columns.

    What is missing is the same as what is missing in another row.
    """
    import numpy as np

    group, sizes = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for column in columns:
        codes = _codes(column)
        group = codes if not len(group) else group * (int(codes.max(initial=0)) + 1) + codes
        # Numbered anew, so that they stay small however many columns there are.
        _, group, sizes = np.unique(group, return_inverse=True, return_counts=True)
    return float((sizes[group] > 1).mean()) if len(group) else 0.0


def _codes(column: Values) -> np.ndarray:
    """A whole number from 0 on for each row, the same for the same value: int64 of shape (rows,)."""
    import numpy as np

    axis = None
    if isinstance(column, Categories):
        values: np.ndarray = column.codes
    elif isinstance(column, Numbers | Dates | Vectors):
        values, axis = column.values, 0
    else:
        texts = (
            column[row] if isinstance(column, Texts) else repr(column[row]) for row in range(len(column))
        )
        values = np.array([*texts])
    _, places = np.unique(values, return_inverse=True, axis=axis)
    found: np.ndarray = places.reshape(-1).astype(np.int64)
    return found
