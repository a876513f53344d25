"""How a batch is dealt to replicas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Dealt:
    """Some batches as the replicas here get them: the parts of the first batch one after the other, then the
    next's.

    Attributes:
        rows: Indices of examples: of shape (batches × replicas here, examples of a replica).
        counted: float32 of the same shape; 0 where an example only fills its part up.
        sizes: float32 of shape (batches,): the examples of each batch.
    """

    rows: np.ndarray
    counted: np.ndarray
    sizes: np.ndarray


@dataclass(frozen=True)
class Dealing:
    """Gives each replica a part of every batch, all of the same size.

    A batch that cannot be dealt evenly is filled up with its own first example.

    Attributes:
        num_replicas: How many parts there are.
        first: The first replica of this process.
        num_local: How many replicas this process has.
    """

    num_replicas: int
    first: int
    num_local: int

    def deal(self, rows: np.ndarray) -> Dealt:
        """Deal batches.

        Args:
            rows: Of shape (batches, batch_size).
        """
        batches, size = rows.shape
        part = -(-size // self.num_replicas)
        filling = np.repeat(rows[:, :1], part * self.num_replicas - size, axis=1)
        counted = np.concatenate([np.ones(rows.shape, np.float32), np.zeros(filling.shape, np.float32)], 1)
        own, own_counted = (
            self._own(whole.reshape(batches, self.num_replicas, part))
            for whole in (np.concatenate([rows, filling], 1), counted)
        )
        return Dealt(own, own_counted, np.full(batches, size, np.float32))

    def _own(self, parts: np.ndarray) -> np.ndarray:
        own: np.ndarray = parts[:, self.first : self.first + self.num_local]
        return own.reshape(-1, parts.shape[-1])
