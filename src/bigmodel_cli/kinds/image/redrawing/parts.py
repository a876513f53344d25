"""The connected parts of what was drawn, and whether they are one figure."""

from __future__ import annotations

import numpy as np

# Longer side of the picture in which parts are told apart.
_SIDE = 64
# A part of a figure is at least this much of its largest.
_LEAST_PART = 0.06
# A part that is at least so long, and so far away, in lengths of the largest is a figure of its own: neither
# the dot of an i, nor the bar of a 5, nor a half of a broken 0.
_LENGTH, _GAP = 0.6, 0.08


def extent(kept: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns of what is kept; none where nothing is."""
    rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def find_parts(ink: np.ndarray) -> np.ndarray:
    """The connected parts of what was drawn, without specks, and without what the picture's edge cuts.

    Args:
        ink: Which pixels are ink.

    Returns:
        For each pixel the number of its part, from 1 on, that with the most ink first; 0 elsewhere. They are
        told apart by blocks of pixels, of which there are at most `_SIDE` in each direction.
    """
    factor = -(-max(ink.shape) // _SIDE)
    rows, columns = (-(-side // factor) for side in ink.shape)
    padded = np.zeros((rows * factor, columns * factor), np.bool_)
    padded[: ink.shape[0], : ink.shape[1]] = ink
    amounts = padded.reshape(rows, factor, columns, factor).sum(axis=(1, 3))
    labels = _labels(amounts > 0)
    sizes = np.bincount(labels.ravel(), weights=amounts.ravel())
    sizes[0] = 0
    edges = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    inner = np.delete(sizes, edges) if len(edges) < len(sizes) else np.zeros(0)
    if len(inner) and inner.max() > 0:
        # The end of the paper or a finger, unless nearly all of the ink is there.
        cut = edges[sizes[edges] * 0.1 < inner.max()]
        sizes[cut] = 0
    kept = np.flatnonzero((sizes >= _LEAST_PART * sizes.max()) & (sizes > 0))
    numbers = np.zeros(len(sizes), np.int64)
    numbers[kept[np.argsort(-sizes[kept], kind="stable")]] = np.arange(1, len(kept) + 1)
    blocks = np.kron(numbers[labels], np.ones((factor, factor), np.int64))
    return np.asarray(blocks[: ink.shape[0], : ink.shape[1]])


def are_several_figures(parts: np.ndarray) -> bool:
    """Whether a part is as long as the largest, and apart from it, as the second digit of a number is.

    Args:
        parts: As `find_parts` numbers them.
    """
    first = extent(parts == 1)
    length = _length(first)
    for number in range(2, int(parts.max()) + 1):
        other = extent(parts == number)
        gap = max(
            max(own.start, its.start) - min(own.stop, its.stop) for own, its in zip(first, other, strict=True)
        )
        if _length(other) >= _LENGTH * length and gap >= _GAP * length:
            return True
    return False


def _length(place: tuple[slice, slice]) -> int:
    """The longer side of a place."""
    lengths: list[int] = [side.stop - side.start for side in place]
    return max(lengths)


def _labels(seen: np.ndarray) -> np.ndarray:
    """A number from 1 on for each part whose pixels touch, also at corners; 0 elsewhere."""
    labels = np.zeros((seen.shape[0] + 2, seen.shape[1] + 2), np.int64)
    waiting = {(row + 1, column + 1) for row, column in np.argwhere(seen).tolist()}
    number = 0
    while waiting:
        number += 1
        part = [waiting.pop()]
        while part:
            row, column = part.pop()
            labels[row, column] = number
            near = {(row + down, column + across) for down in (-1, 0, 1) for across in (-1, 0, 1)} & waiting
            waiting -= near
            part += near
    return labels[1:-1, 1:-1]
