"""All items ranked for rows, and rankings as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from bigmodel_cli.errors import DataError
from bigmodel_cli.interactions import Had, Interactions
from bigmodel_cli.known_items import KnownItems
from bigmodel_cli.recommending.simple import Scored, item_cosine, most_popular, popular_lately
from bigmodel_cli.scoring.rankings import Ranked, best_of_all, dot_scores, rank_all
from bigmodel_cli.tasks.retrieval.task import Retrieval

# What "lately" is.
_DAYS = 7
# What a ranking as an array has before its best items.
NUMBERS = ("better", "equal", "candidates", "found")


def known_of(task: Retrieval) -> KnownItems:
    """What training knew.

    Raises:
        DataError: If nobody has it at hand.
    """
    if task.known is None:
        raise DataError(
            "nothing here knows the items that the model was trained with",
            hint="a run that was ended before its conclusion has no catalogue: resume it",
        )
    return task.known


def ranked(
    task: Retrieval,
    users: np.ndarray,
    wanted: np.ndarray,
    queries: np.ndarray,
    lists: np.ndarray | None = None,
) -> Ranked:
    """Where items of rows stand among all, by a model's vectors.

    Args:
        task: With what training knew, and what a model makes of each item.
        users: Whose each row is, int64 (n,), as rows of training have them; -1 for nobody.
        wanted: The item of each row, -1 for none that is known.
        queries: The vector of who asks, float32 (n, d).
        lists: As for `rank_all`: rows of one user with one vector.
    """
    known = known_of(task)
    scores = dot_scores(queries.astype(np.float32), known.distinct, known.prior)
    return _ranked(task, users, wanted, scores, lists)


def simply_ranked(task: Retrieval, users: np.ndarray, wanted: np.ndarray, simple: int) -> Ranked:
    """The same by one of `SIMPLE`, which learns from the rows of training."""
    known = known_of(task)
    assert known.interactions is not None, "whoever compares with simple models has the rows of training"
    scored = list(SIMPLE.values())[simple](known.interactions)
    who = np.where(users < len(known.users), users, -1)
    return _ranked(task, users, wanted, lambda rows: scored(who[rows]), users)


def recommended(
    task: Retrieval, users: np.ndarray, queries: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The best items of each row by a model's vectors, and what they score; arguments as for `ranked`."""
    known = known_of(task)
    scores = dot_scores(queries.astype(np.float32), known.distinct, known.prior)
    left_out = _left_out(task, users)
    return best_of_all(scores, len(users), num_items=len(known.items), top=task.most, left_out=left_out)


def _left_out(task: Retrieval, users: np.ndarray) -> Had | None:
    """What is not recommended to the users of rows; None: everything may be."""
    return known_of(task).had_by(users) if task.leaves_out else None


def _ranked(
    task: Retrieval,
    users: np.ndarray,
    wanted: np.ndarray,
    scores: Callable[[np.ndarray], np.ndarray],
    lists: np.ndarray | None,
) -> Ranked:
    known = known_of(task)
    left_out = _left_out(task, users)
    return rank_all(scores, wanted, num_items=len(known.items), top=task.most, left_out=left_out, lists=lists)


def _lately(interactions: Interactions) -> Scored:
    """Popular in the last days; where nobody knows when, in all."""
    return most_popular(interactions) if interactions.times is None else popular_lately(interactions, _DAYS)


# What models are compared with, by what tables call it.
SIMPLE: Mapping[str, Callable[[Interactions], Scored]] = {
    "most_popular": most_popular,
    "item_item_cosine": item_cosine,
    f"most_popular_of_{_DAYS}_days": _lately,
}


def as_array(ranking: Ranked) -> np.ndarray:
    """A ranking as int64 of shape (n, 4 + top)."""
    numbers = [np.asarray(getattr(ranking, name), np.int64) for name in NUMBERS]
    return np.concatenate([np.stack(numbers, axis=1), ranking.top.astype(np.int64)], axis=1)


def of_array(array: np.ndarray) -> Ranked:
    """The ranking that `as_array` wrote."""
    better, equal, candidates, found = array[:, : len(NUMBERS)].T
    return Ranked(better, equal, candidates, found.astype(bool), array[:, len(NUMBERS) :].astype(np.int32))
