"""Which examples an epoch sees and in which order: a function of (seed, epoch), so that a resume is exact."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

# Batches whose examples are put in the order of their length together: more leave less padding, and less to
# chance.
_SORTED = 50


def epoch_order(num_examples: int, *, seed: int, epoch: int) -> np.ndarray:
    """Every example once: int64 of shape (num_examples,)."""
    return np.random.default_rng([seed, epoch]).permutation(num_examples)


def order_by_length(
    order: np.ndarray, lengths: np.ndarray, batch_size: int, *, seed: int, epoch: int
) -> np.ndarray:
    """The same examples with those of about equal length in one batch, so that little of it is padding.

    Of some batches side by side the examples are put in the order of their length; then whole batches change
    places. What is left over for a last batch stays there.

    Args:
        order: Examples of an epoch, int64 of shape (n,).
        lengths: Of each example by its number.
        batch_size: Examples of a batch.
        seed: Of the experiment.
        epoch: From 1.
    """
    full = len(order) // batch_size * batch_size
    ends = [*range(0, full, _SORTED * batch_size), full]
    parts = [order[start:end] for start, end in pairwise(ends)]
    batches = [part[np.argsort(lengths[part], kind="stable")].reshape(-1, batch_size) for part in parts]
    if not batches:
        return order
    shuffled = np.random.default_rng([seed, epoch, 1]).permutation(np.concatenate(batches))
    return np.concatenate([shuffled.reshape(-1), order[full:]])


def balanced_order(labels: np.ndarray, *, seed: int, epoch: int) -> np.ndarray:
    """Every class as often as the largest one, `data.oversample: balanced`; what has no class comes once.

    Each example of a class comes as often as a whole number of times allows; which ones come once more, each
    epoch draws anew.

    Args:
        labels: int64 class indices of shape (n,); less than 0 of an example that has none.
        seed: Of the experiment.
        epoch: From 1.

    Returns:
        int64 of shape (balanced_size(labels),).
    """
    random = np.random.default_rng([seed, epoch])
    counts = np.bincount(labels[labels >= 0])
    rows = [np.flatnonzero(labels < 0)]
    for label in np.flatnonzero(counts):
        of_class = np.flatnonzero(labels == label)
        times, more = divmod(int(counts.max()), len(of_class))
        rows += [np.tile(of_class, times), random.choice(of_class, more, replace=False)]
    return random.permutation(np.concatenate(rows))


def balanced_size(labels: np.ndarray) -> int:
    """Examples of an epoch in which every class comes as often as the largest one."""
    counts = np.bincount(labels[labels >= 0])
    return int(counts.max() * np.count_nonzero(counts) + np.count_nonzero(labels < 0))
