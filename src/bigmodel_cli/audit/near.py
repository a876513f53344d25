"""The search for pairs of images that show the same, by blocks of matrix products: bounded in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.audit.resemblance import Photographs, Pixels, Resemblance, mirror

# Below so many pixels on a side, different images look alike; below the second number nothing can be told.
PHOTOGRAPH_SIDE = 48
SMALLEST_SIDE = 16
# Images with less contrast (standard deviation of 0..255) show too little to be compared.
MIN_CONTRAST = 2.0

# Examples that are compared at most: the time grows with their square.
MAX_SEARCHED = 100_000
# Candidates that are verified in all, the nearest ones of each block, and pairs that are kept.
MAX_CANDIDATES = 2_000_000
MAX_PAIRS = 100_000

_ROWS, _COLUMNS = 1024, 8192
_CHUNK = 1024


@dataclass(frozen=True)
class Pair:
    """Two images that show the same.

    Attributes:
        first: The number of one.
        second: The number of the other, which is larger.
        similarity: The correlation that it was verified by.
        mirrored: Whether one is the mirror image of the other.
    """

    first: int
    second: int
    similarity: float
    mirrored: bool


@dataclass(frozen=True)
class Search:
    """What a search for pairs found.

    Attributes:
        pairs: In the order of their numbers.
        searched: How many images were compared with each other.
        complete: Whether no pair was left out for want of time or memory.
        threshold: From which correlation on two images show the same; None where nothing was compared.
    """

    pairs: Sequence[Pair]
    searched: int
    complete: bool
    threshold: float | None


def find_pairs(
    thumbs: np.ndarray, original_side: int, progress: Callable[[str, int, int | None], None]
) -> Search:
    """Find the pairs of images that show the same.

    Args:
        thumbs: Thumbnails, float16 of shape (n, height, width).
        original_side: The shorter side of the images that they were made of, in pixels.
        progress: Called with a label, what is done, and the total.
    """
    if original_side < SMALLEST_SIDE:
        return Search((), 0, True, None)
    method: Resemblance = Photographs() if original_side >= PHOTOGRAPH_SIDE else Pixels()
    numbers = np.flatnonzero(_contrast(thumbs) >= MIN_CONTRAST)
    complete = len(numbers) <= MAX_SEARCHED
    if not complete:
        numbers = numbers[np.linspace(0, len(numbers) - 1, MAX_SEARCHED).astype(np.int64)]
    found = _Found(method, thumbs[numbers])
    if len(numbers) > 1:
        found.search(progress)
    pairs = [
        Pair(int(numbers[first]), int(numbers[second]), similarity, mirrored)
        for (first, second), (similarity, mirrored) in sorted(found.pairs.items())
    ]
    return Search(pairs, len(numbers), complete and found.complete, method.threshold)


class _Found:
    """Pairs while they are looked for."""

    def __init__(self, method: Resemblance, thumbs: np.ndarray) -> None:
        self.method = method
        self.thumbs = thumbs
        self.pairs: dict[tuple[int, int], tuple[float, bool]] = {}
        self.complete = True

    def search(self, progress: Callable[[str, int, int | None], None]) -> None:
        left, right = self._descriptors()
        others = ((False, right), (True, right * mirror(right.shape[1])))
        blocks = list(_blocks(len(left)))
        most = max(1, MAX_CANDIDATES // (2 * len(blocks)))
        for done, (rows, columns) in enumerate(blocks, 1):
            for mirrored, other in others:
                scores = left[rows] @ other[columns].T
                first, second = self._candidates(scores, rows.start, columns.start, most)
                self._verify(first, second, mirrored=mirrored)
            progress("comparing the images", done, len(blocks))
            if len(self.pairs) > MAX_PAIRS:
                self.complete = False
                return

    def _descriptors(self) -> tuple[np.ndarray, np.ndarray]:
        parts = [
            self.method.descriptors(self.thumbs[start : start + _CHUNK].astype(np.float32))
            for start in range(0, len(self.thumbs), _CHUNK)
        ]
        left, right = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        return left, right

    def _candidates(
        self, scores: np.ndarray, start: int, begin: int, most: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of both images of each pair of a block whose descriptors are near.

        Args:
            scores: Of the block.
            start: The number of its first row.
            begin: The number of its first column.
            most: How many pairs may be verified.
        """
        flat = scores.reshape(-1)
        near = np.flatnonzero(flat >= self.method.candidate)
        row, column = np.divmod(near, scores.shape[1])
        near = near[row + start < column + begin]
        if len(near) > most:
            self.complete = False
            near = near[np.argpartition(-flat[near], most)[:most]]
        row, column = np.divmod(near, scores.shape[1])
        return row + start, column + begin

    def _verify(self, first: np.ndarray, second: np.ndarray, *, mirrored: bool) -> None:
        for start in range(0, len(first), _CHUNK):
            one, other = first[start : start + _CHUNK], second[start : start + _CHUNK]
            images = self.thumbs[other].astype(np.float32)
            similarity = self.method.similarity(
                self.thumbs[one].astype(np.float32), images[..., ::-1] if mirrored else images
            )
            for place in np.flatnonzero(similarity >= self.method.threshold).tolist():
                pair = int(one[place]), int(other[place])
                found = float(similarity[place]), mirrored
                self.pairs[pair] = max(self.pairs.get(pair, found), found)


def _blocks(count: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the half of a square above its diagonal."""
    for start in range(0, count, _ROWS):
        for begin in range(start, count, _COLUMNS):
            yield slice(start, min(start + _ROWS, count)), slice(begin, min(begin + _COLUMNS, count))


def _contrast(thumbs: np.ndarray) -> np.ndarray:
    parts = [
        thumbs[start : start + _CHUNK].astype(np.float32).std(axis=(1, 2))
        for start in range(0, len(thumbs), _CHUNK)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)
