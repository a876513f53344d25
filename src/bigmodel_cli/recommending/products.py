"""The items with the largest products of vectors, exactly, in pieces that the processor's caches hold."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.scoring.rankings import OUT, best

# Scores that are computed at a time, 16 MB, and the fewest items of a piece.
_AT_ONCE, _FEWEST = 2**22, 4096


def best_products(
    queries: np.ndarray,
    items: np.ndarray,
    prior: np.ndarray,
    left_out: tuple[np.ndarray, np.ndarray],
    top: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The best items of each query; of equal ones the first.

    What an item has to reach is known from the pieces before, so that of most pieces nothing is sorted.

    Args:
        queries: Float32 (n, d).
        items: Float32 (m, d).
        prior: What each item has beforehand, float32 (m,).
        left_out: Rows and items that are not taken, one beside the other.
        top: How many, of m at most.

    Returns:
        Their places, int32 (n, top), -1 behind the last; and their scores, float32, `OUT` behind the last.
    """
    size = max(_FEWEST, _AT_ONCE // max(1, len(queries)))
    rows, places = left_out
    order = np.argsort(places, kind="stable")
    rows, places = rows[order], places[order]
    found = np.full((len(queries), top), -1, np.int32)
    scores = np.full((len(queries), top), OUT, np.float32)
    for start in range(0, len(items), size):
        piece = queries @ items[start : start + size].T
        piece += prior[start : start + size]
        of_piece = slice(*np.searchsorted(places, [start, start + size]))
        piece[rows[of_piece], places[of_piece] - start] = OUT
        _take(piece, start, found, scores)
    return found, scores


def _take(piece: np.ndarray, start: int, found: np.ndarray, scores: np.ndarray) -> None:
    """Put into the best so far what is better, in place."""
    top = found.shape[1]
    if start == 0:
        first = best(piece, min(top, piece.shape[1]))
        found[:, : first.shape[1]] = first
        taken = np.take_along_axis(piece, np.maximum(first, 0), axis=1)
        scores[:, : first.shape[1]] = np.where(first >= 0, taken, OUT)
        return
    better = np.flatnonzero(piece > scores[:, -1:])
    if not len(better):
        return
    changed, columns = np.divmod(better, piece.shape[1])
    each, row = np.unique(changed, return_inverse=True)
    # Those that were found stand before those of this piece, as their places do.
    of_row = np.concatenate([np.repeat(np.arange(len(each)), top), row])
    values = np.concatenate([scores[each].reshape(-1), piece.reshape(-1)[better]])
    numbers = np.concatenate([found[each].reshape(-1), (columns + start).astype(np.int32)])
    order = np.lexsort((-values, of_row))
    begins = np.searchsorted(of_row[order], np.arange(len(each)))
    chosen = order[begins[:, np.newaxis] + np.arange(top)]
    found[each], scores[each] = numbers[chosen], values[chosen]
