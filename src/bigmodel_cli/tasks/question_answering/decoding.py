"""The likeliest answer of each window, and of all windows of a text."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.tasks.question_answering.task import NONE

_LEAST = 1e-30


def best_spans(shares: np.ndarray, longest: int) -> np.ndarray:
    """The likeliest answer in each window, whatever speaks for none.

    Args:
        shares: How likely each place is for the beginning and the end, shape (n, 2, 1 + words).
        longest: Words of an answer, at most.

    Returns:
        float32 of shape (n, 4): places of its first and its last word, its probability, which is the product
        of both, and that of no answer.
    """
    found = np.zeros((len(shares), 4), np.float32)
    for row, (begins, ends) in enumerate(np.log(np.maximum(shares, _LEAST))[..., NONE + 1 :]):
        together = np.full((min(longest, len(ends)), len(begins)), -np.inf)
        for more in range(len(together)):
            together[more, : len(begins) - more] = begins[: len(begins) - more] + ends[more:]
        more, first = divmod(int(together.argmax()), len(begins))
        found[row, :3] = first + 1, first + 1 + more, np.exp(together[more, first])
    found[:, 3] = shares[:, 0, NONE] * shares[:, 1, NONE]
    return found


def voted(found: np.ndarray, starts: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The answer of each text: that of the window that is surest; none only where each window says none.

    Args:
        found: Of windows, as `best_spans` gives it.
        starts: The place of each window's first word in its text.
        groups: The text of each window, from 0, in order.

    Returns:
        The same of texts, words by their places in the text, from 0.
    """
    moved = found.copy()
    moved[:, :2] += starts[:, np.newaxis] - 1
    # The last of them is the surest; of windows that are as sure the first one.
    order = np.lexsort((-np.arange(len(found)), found[:, 2], groups))
    last = np.flatnonzero(np.diff(groups[order], append=-1))
    texts = moved[order[last]]
    lowest = np.full(len(texts), np.inf, np.float32)
    np.minimum.at(lowest, groups, found[:, 3])
    texts[:, 3] = lowest
    return texts
