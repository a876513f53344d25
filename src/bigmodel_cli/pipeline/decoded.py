"""Decoded examples that are kept, so that only the first epoch decodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.sources.base import Examples
from bigmodel_cli.sources.image_files import ImageFileExamples


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
        splits: The examples that are kept; others of the same source are decoded each time.
    """

    def __init__(self, splits: Sequence[ImageFileExamples]) -> None:
        files = splits[0].files
        positions = np.concatenate([part.positions for part in splits])
        self._rows = np.full(len(files), -1, np.int64)
        self._rows[positions] = np.arange(len(positions))
        self._pixels = np.empty((len(positions), *files.image_format.shape), np.uint8)
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


@dataclass(frozen=True, eq=False)
class KeptExamples(Examples):
    """Image files of which each is decoded once.

    Attributes:
        examples: The files.
        decoded: Keeps their pixels.
    """

    examples: ImageFileExamples
    decoded: Decoded

    @property
    def labels(self) -> np.ndarray:  # type: ignore[override]
        return self.examples.labels

    def take(self, indices: np.ndarray) -> KeptExamples:
        return KeptExamples(self.examples.take(indices), self.decoded)

    def read(self, index: int) -> np.ndarray:
        pixels = np.empty(self.examples.files.image_format.shape, np.uint8)
        self.read_into(index, pixels)
        return pixels

    def read_into(self, index: int, out: np.ndarray) -> None:
        position = int(self.examples.positions[index])
        if not self.decoded.fetch(position, out):
            # A file that cannot be read is not kept, and so found anew each time.
            out[...] = self.examples.read(index)
            self.decoded.keep(position, out)

    def name(self, index: int) -> str:
        return self.examples.name(index)

    def fingerprint(self) -> str:
        return self.examples.fingerprint()
