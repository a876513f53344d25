"""A vector for somebody who came after training, by what such users have who had the same items."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.interactions import Had

# Users of training who are looked at, and the penalty on squares, as a share of what they all count.
_MOST_USERS, _PENALTY = 20_000, 1e-3


def vector_of(had: np.ndarray, known: Had, items: np.ndarray, users: np.ndarray) -> np.ndarray:
    """The vector that a linear map from the mean of their items' vectors gives, float32 (d,).

    The map is the one that gives known users theirs with the least squared error, each of them counting as
    often as they had items: of the others little is learned. So it follows from what is kept of a model,
    whatever that made users' vectors of.

    Args:
        had: The items of the new user, at least one.
        known: Those of known users.
        items: Vectors of all items, float32 (m, d).
        users: Vectors of known users, float32 (n, d).
    """
    counts = known.counts()
    some = np.flatnonzero(counts)
    some = some[:: -(-len(some) // _MOST_USERS) or 1]
    if not len(some):
        return np.asarray(items[had].mean(axis=0), np.float32)
    inputs, weights = _with_one(_means(known.rows(some), items)), counts[some][:, np.newaxis]
    penalty = _PENALTY * weights.sum() * np.eye(inputs.shape[1])
    # What all users share is not held down.
    penalty[-1, -1] = 0
    weighted = (inputs * weights).T
    found = np.linalg.lstsq(
        weighted @ inputs + penalty, weighted @ np.asarray(users[some], np.float64), rcond=None
    )[0]
    own = _with_one(np.asarray(items[had], np.float64).mean(axis=0, keepdims=True))
    return np.asarray((own @ found)[0], np.float32)


def _means(had: Had, items: np.ndarray) -> np.ndarray:
    """The mean of each user's items, of which there is at least one; float64 (n, d)."""
    sums = np.add.reduceat(np.asarray(items[had.items], np.float64), had.starts[:-1], axis=0)
    return np.asarray(sums / had.counts()[:, np.newaxis])


def _with_one(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
