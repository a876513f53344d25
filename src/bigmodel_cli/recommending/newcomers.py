"""A vector for somebody who came after training, by what such users have who had the same items."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.interactions import Had

# Users of training who are looked at, and the penalty on squares, as a share of what they all count.
_MOST_USERS, _PENALTY = 20_000, 1e-3
# Users whose items' vectors are looked up together.
_AT_ONCE = 1024


def fitted(known: Had, items: np.ndarray, users: np.ndarray) -> np.ndarray:
    """The linear map from the mean of items' vectors, and 1, to a user's vector; float64 (d + 1, d).

    It is the one that gives known users theirs with the least squared error, each of them counting as often
    as they had items: of the others little is learned. So it follows from what is kept of a model, whatever
    that made users' vectors of.

    Args:
        known: The items of known users.
        items: Vectors of all items, float32 (m, d).
        users: Vectors of known users, float32 (n, d).
    """
    counts = known.counts()
    some = np.flatnonzero(counts)
    some = some[:: -(-len(some) // _MOST_USERS) or 1]
    if not len(some):
        return np.eye(items.shape[1] + 1, items.shape[1])
    parts = np.split(some, range(_AT_ONCE, len(some), _AT_ONCE))
    means = np.concatenate([_means(known.rows(part), items) for part in parts])
    inputs, weights = _with_one(means), counts[some][:, np.newaxis]
    penalty = _PENALTY * weights.sum() * np.eye(inputs.shape[1])
    # What all users share is not held down.
    penalty[-1, -1] = 0
    weighted = (inputs * weights).T
    wanted = weighted @ np.asarray(users[some], np.float64)
    return np.asarray(np.linalg.lstsq(weighted @ inputs + penalty, wanted, rcond=None)[0])


def vector_of(had: np.ndarray, items: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The vector of somebody new, float32 (d,).

    Args:
        had: Their items, at least one.
        items: Vectors of all items, float32 (m, d).
        weights: As `fitted` gives them.
    """
    own = _with_one(np.asarray(items[had], np.float64).mean(axis=0, keepdims=True))
    return np.asarray((own @ weights)[0], np.float32)


def _means(had: Had, items: np.ndarray) -> np.ndarray:
    """The mean of each user's items, of which there is at least one; float64 (n, d)."""
    sums = np.add.reduceat(np.asarray(items[had.items], np.float64), had.starts[:-1], axis=0)
    return np.asarray(sums / had.counts()[:, np.newaxis])


def _with_one(rows: np.ndarray) -> np.ndarray:
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
