"""What is recommended without a model: what many had, or had lately, or what is like a user's own items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bigmodel_cli.interactions import DAY, Interactions

# Of some users, -1 being somebody who had nothing, what every item scores: float32 (n, items), new each time.
Scored = Callable[[np.ndarray], np.ndarray]


def most_popular(interactions: Interactions) -> Scored:
    """Items by how often they were had."""
    return _for_everybody(interactions.counts())


def popular_lately(interactions: Interactions, days: float) -> Scored:
    """Items by how often they were had in the last days before the interactions end."""
    assert interactions.times is not None
    end = interactions.times.max(initial=-np.inf)
    return _for_everybody(interactions.counts_since(end - days * DAY))


def _for_everybody(counts: np.ndarray) -> Scored:
    return lambda users: np.tile(counts.astype(np.float32), (len(users), 1))


def item_cosine(interactions: Interactions) -> Scored:
    """Items by how much they are like those that a user had, all added up.

    Two items are alike where the same users had them: the cosine between their columns in the matrix of users
    and items (Sarwar et al. 2001). To somebody who had nothing all items are the same.
    """
    from scipy.sparse import csr_matrix, diags

    had = interactions.had
    shape = (interactions.num_users + 1, interactions.num_items)
    # A last row for those who had nothing.
    starts = np.append(had.starts, had.starts[-1])
    matrix = csr_matrix((np.ones(len(had.items), np.float32), had.items, starts), shape)
    lengths = np.sqrt(np.maximum(np.bincount(had.items, minlength=shape[1]), 1)).astype(np.float32)
    scaled = (matrix @ diags(1 / lengths)).tocsr()

    def scored(users: np.ndarray) -> np.ndarray:
        each, rows = np.unique(users, return_inverse=True)
        # By way of the users who had the same: items by items would be large where some users had many.
        found = ((scaled[each] @ matrix.T) @ scaled).toarray() - matrix[each].toarray()
        return np.asarray(found[rows], np.float32)

    return scored
