"""Decoded examples that are kept, so that only the first epoch decodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from bigmodel_cli.sources.stores import Store, Wrapped


class Decoded(ABC):
    """What is kept of examples, by their position among all of them; several threads use it at once."""

    @abstractmethod
    def fetch(self, position: int, out: np.ndarray) -> bool:
        """Fill `out`, of the dtype and shape of one example, and say whether it could be.

        Where it could not, what `out` holds is undefined.
        """

    @abstractmethod
    def keep(self, position: int, item: np.ndarray) -> None:
        """Keep what one example was made into, of its dtype and shape."""

    def close(self) -> None:  # noqa: B027
        """Give back what is open; nothing is asked for after that."""


class MemoryDecoded(Decoded):
    """Keeps pixels in one array, whose memory is taken when it is filled.

    Args:
        splits: The files that are kept; others of the same source are decoded each time.
    """

    def __init__(self, splits: Sequence[Store]) -> None:
        first = splits[0]
        assert first.files is not None
        positions = np.concatenate([part.positions for part in splits if part.positions is not None])
        self._rows = np.full(len(first.files), -1, np.int64)
        self._rows[positions] = np.arange(len(positions))
        self._pixels = np.empty((len(positions), *first.shape), first.dtype)
        self._is_there = np.zeros(len(positions), np.bool_)

    def fetch(self, position: int, out: np.ndarray) -> bool:
        row = self._rows[position]
        if row < 0 or not self._is_there[row]:
            return False
        out[...] = self._pixels[row]
        return True

    def keep(self, position: int, item: np.ndarray) -> None:
        row = self._rows[position]
        if row >= 0:
            self._pixels[row] = item
            # Only now, since other threads may ask for it.
            self._is_there[row] = True


class DecodedStore(Wrapped):
    """Files of which each is decoded once.

    Args:
        store: The files.
        decoded: Keeps what they are decoded to.
    """

    def __init__(self, store: Store, decoded: Decoded) -> None:
        super().__init__(store)
        self.positions = store.positions
        self.decoded = decoded

    def take(self, indices: np.ndarray) -> DecodedStore:
        return DecodedStore(self.store.take(indices), self.decoded)

    def read_into(self, index: int, out: np.ndarray) -> None:
        assert self.positions is not None
        position = int(self.positions[index])
        if not self.decoded.fetch(position, out):
            # A file that cannot be read is not kept, and so found anew each time.
            out[...] = self.store.read(index)
            self.decoded.keep(position, out)
