"""Vectors that differ, of many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Odd, with its bits well mixed: of the digests of vectors.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Distinct:
    """Vectors of items, each once: products of equal ones need not be equal, as their last digits depend on
    where in a matrix they stand.

    Attributes:
        vectors: Those that differ, float32 (k, d).
        places: Which of them each item has, int (m,); None: each its own, in order.
    """

    vectors: np.ndarray
    places: np.ndarray | None

    @classmethod
    def of(cls, vectors: np.ndarray) -> Distinct:
        """Of all items, float32 (m, d)."""
        # One zero is as good as the other.
        bits = np.ascontiguousarray(vectors + np.float32(0)).view(np.uint32)
        digests = np.zeros(len(bits), np.uint64)
        for column in bits.T:
            digests = (digests ^ column) * _FACTOR
            digests ^= digests >> np.uint64(32)
        if len(np.unique(digests)) == len(bits):
            return cls(vectors, None)
        _, first, places = np.unique(bits, axis=0, return_index=True, return_inverse=True)
        return cls(vectors[first], places.reshape(-1))
