"""The likeliest tags of a sentence among those that can stand behind one another; NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from bigmodel_cli.spans import Scheme, may_follow

_NEVER = -1e9
_LEAST = 1e-12


def decoded(
    probabilities: np.ndarray, counts: Sequence[int], tags: tuple[str, ...], scheme: Scheme
) -> np.ndarray:
    """Tags by their numbers (Viterbi), for each sentence those whose probabilities have the largest product.

    Args:
        probabilities: Shape (n, length, tags).
        counts: Words of each sentence.
        tags: In index order.
        scheme: Which of them may follow which.

    Returns:
        int64 of shape (n, length), -1 behind the last word.
    """
    found = np.full(probabilities.shape[:2], -1, np.int64)
    scores = np.log(np.maximum(probabilities.astype(np.float64), _LEAST))
    moves = _moves(tags, scheme)
    for row, count in enumerate(counts):
        if count:
            found[row, :count] = _best_path(scores[row, :count], *moves)
    return found


@lru_cache(maxsize=8)
def _moves(tags: tuple[str, ...], scheme: Scheme) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What it costs to begin with a tag, to go from one to another, and to end with one."""

    def cost(before: str | None, after: str | None) -> float:
        return 0.0 if may_follow(before, after, scheme) else _NEVER

    first = np.array([cost(None, tag) for tag in tags])
    between = np.array([[cost(before, tag) for tag in tags] for before in tags])
    last = np.array([cost(tag, None) for tag in tags])
    return first, between, last


def _best_path(scores: np.ndarray, first: np.ndarray, between: np.ndarray, last: np.ndarray) -> np.ndarray:
    best = scores[0] + first
    came_from = np.zeros(scores.shape, np.int64)
    for place in range(1, len(scores)):
        ways = best[:, None] + between
        came_from[place] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[place]
    path = np.empty(len(scores), np.int64)
    path[-1] = (best + last).argmax()
    for place in range(len(scores) - 1, 0, -1):
        path[place - 1] = came_from[place, path[place]]
    return path
