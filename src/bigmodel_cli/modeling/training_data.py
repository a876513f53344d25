"""What layers learn from before training: the examples of the training split, as a builder asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np

# Rows from which an encoding learns, at most.
ENOUGH = 100_000


class TrainingData(Protocol):
    """The raw inputs of the training split."""

    def batches(self) -> Iterable[np.ndarray]:
        """The one input, in batches of shape (n, …)."""

    def values(self, name: str, most: int | None = None) -> np.ndarray:
        """A column, shape (n, …): all of it, or `most` values that are spread evenly."""
