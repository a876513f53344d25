"""Scores of rankings: averages over users, with equal scores in a random order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.scoring.intervals import bootstrapped_means, percentiles
from bigmodel_cli.scoring.rankings import Ranked
from bigmodel_cli.scoring.scores import Scores

# Of items by how often they were had: the first have a third of all interactions, the next another one.
GROUPS = ("head", "middle", "tail")
# How far apart vectors are that are another one, of the largest number in any.
_SAME = 1e-5


@dataclass(frozen=True)
class Asked:
    """What each row of a ranking is about.

    Attributes:
        users: Whose it is; any numbers, one for each user, int (n,).
        wanted: The item that the user had, int (n,); -1: one that is nowhere.
        had: In how many rows of training the user is, int (n,).
        lists: Rows with the same number are about one ranking of the items, as those of a user of whom
            nothing changed between them; int (n,). None: all of a user.
    """

    users: np.ndarray
    wanted: np.ndarray
    had: np.ndarray
    lists: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: np.ndarray) -> Asked:
        """Some rows, by their numbers or a mask."""
        lists = None if self.lists is None else self.lists[rows]
        return Asked(self.users[rows], self.wanted[rows], self.had[rows], lists)


def lists_of(users: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Numbers of rankings, for `Asked`: rows of one user, one after another with the same vector, share one.

    The last digits of a vector depend on the batch that it was computed in, and make no other one.

    Args:
        users: Int (n,).
        queries: Float (n, d).
    """
    order = np.argsort(users, kind="stable")
    who, asked = users[order], queries[order].astype(np.float64)
    far = np.abs(np.diff(asked, axis=0)).max(axis=1, initial=0) > _SAME * np.abs(asked).max(initial=1)
    is_new = np.concatenate([np.zeros(min(1, len(who)), bool), far | (np.diff(who) != 0)])
    found = np.empty(len(who), np.int64)
    found[order] = np.cumsum(is_new)
    return found


def ranking_scores(
    ranked: Ranked, asked: Asked, popularity: np.ndarray, *, ks: Sequence[int], least: int, seed: int
) -> Scores:
    """How good rankings are, averaged over users that are known well enough.

    Recall@k is the share of a user's items that are among the first k; NDCG@k (Järvelin and Kekäläinen 2002)
    has 1 where they are the first ones; hit rate@k says whether any is among them; MRR is one over the place
    of the first. Of several rankings of a user each counts by its rows; an item that is had again counts once
    in each. Items that are nowhere are never found. Equal scores count as in a random order: what is
    said is what that gives on average.

    Coverage@k is the share of all items that are among anybody's first k, and novelty@k how rare those are:
    the mean of -log2 of their share in the interactions (of n items each counts once more than it was had).

    Args:
        ranked: The rankings; `top` as many as the largest of `ks`, or all there are.
        asked: Of each row whose it is, and which item.
        popularity: In how many rows of training each item is, int (m,).
        ks: In ascending order; the middle one is the headline's.
        least: In how many rows of training a user is at least; others are told apart. Rows with an item that
            was left out, since the user had it, count nowhere.
        seed: Of the resampling of users for the intervals.
    """
    had_before = (asked.wanted >= 0) & ~ranked.found
    again = _again(asked) & ~had_before
    is_known, counts = asked.had >= least, ~had_before & ~again
    chosen, others = is_known & counts, ~is_known & counts
    known, rest = _Part(ranked, asked, chosen, ks), _Part(ranked, asked, others, ks)
    intervals = {}
    if len(known) > 1:
        names, values = list(known.of_users), np.stack(list(known.of_users.values()), axis=1)
        drawn = bootstrapped_means(values, seed)
        intervals = {name: percentiles(column) for name, column in zip(names, drawn.T, strict=True)}
    means = {**known.means(), **_recommended(known.recommended, popularity, ks)}
    middle = ks[len(ks) // 2]
    headline = {f"{name}@{middle}": means.pop(f"{name}@{middle}") for name in ("recall", "ndcg")}
    details = {
        "ks": list(ks),
        "least": least,
        "users": len(known),
        "rows": int(chosen.sum()),
        "nowhere": int((asked.wanted[chosen] < 0).sum()),
        "had_before": int(had_before.sum()),
        "again": int(again.sum()),
        "told_apart": {"users": len(rest), "rows": int(others.sum()), **rest.means()},
        "groups": _of_groups(known, asked.wanted[chosen], popularity, seed),
    }
    return Scores(headline, means, intervals, details)


def _again(asked: Asked) -> np.ndarray:
    """Which rows are about an item that a row above is about, of the same ranking."""
    lists = asked.users if asked.lists is None else asked.lists
    again = asked.wanted >= 0
    again[np.unique(np.stack([lists, asked.wanted]), axis=1, return_index=True)[1]] = False
    return again


class _Part:
    """Some rows of a ranking: scores of each of their users.

    Attributes:
        user: Of each row, which of the users it is.
        of_rows: How likely the item of each row is among the first k, by k.
        of_users: Scores by name, float64 (users,).
        recommended: The best items of each ranking, int32 (rankings, top).
    """

    def __init__(self, ranked: Ranked, asked: Asked, chosen: np.ndarray, ks: Sequence[int]) -> None:
        self._ranked, asked = ranked.take(chosen), asked.take(chosen)
        users, self.user = np.unique(asked.users, return_inverse=True)
        self._rows = np.bincount(self.user, minlength=len(users))
        lists = asked.users if asked.lists is None else asked.lists
        lists, first, self._list = np.unique(lists, return_index=True, return_inverse=True)
        self._in_list = np.bincount(self._list, minlength=len(lists))
        self.recommended = self._ranked.top[first]
        self.of_rows = {k: self._places(np.arange(1, self._num_places + 1) <= k) for k in ks}
        self.of_users = {
            **{f"recall@{k}": self.mean(self.of_rows[k]) for k in ks},
            **{f"ndcg@{k}": self.mean(self._ndcg(k)) for k in ks},
            **{f"hit_rate@{k}": self._hits(k) for k in ks},
            "mrr": self.mean(self._first()[self._list]),
        }

    def __len__(self) -> int:
        return len(self._rows)

    def means(self) -> dict[str, float]:
        """Averages over users by name; 0 where there is none."""
        return {name: float(values.mean()) if len(self) else 0.0 for name, values in self.of_users.items()}

    def mean(self, values: np.ndarray) -> np.ndarray:
        """The average of each user's rows."""
        return np.bincount(self.user, values, len(self)) / self._rows

    @property
    def _num_places(self) -> int:
        return int(self._ranked.candidates.max(initial=0))

    def _places(self, worth: np.ndarray) -> np.ndarray:
        """What each row's item is worth on average; place 1 is worth the first of `worth`, and so on."""
        sums = np.concatenate([[0.0], np.cumsum(worth)])
        start = self._ranked.better
        end = start + self._ranked.equal + 1
        found = self._ranked.found
        worths = (sums[np.where(found, end, 1)] - sums[np.where(found, start, 0)]) / (end - start)
        return np.where(found, worths, 0.0)

    def _ndcg(self, k: int) -> np.ndarray:
        """Of each row what its item adds, so that averages over rows are those over lists."""
        places = np.arange(1, max(self._num_places, k) + 1)
        worth = np.where(places <= k, 1 / np.log2(places + 1), 0.0)
        ideal = np.cumsum(worth)[np.minimum(self._in_list, k) - 1]
        return np.asarray(self._places(worth) / ideal[self._list] * self._in_list[self._list])

    def _hits(self, k: int) -> np.ndarray:
        """How likely any item of a user is among the first k."""
        missed = np.ones(len(self))
        np.multiply.at(missed, self.user, np.where(self.of_rows[k] == 1, 0.0, 1.0))
        # Of one list, the items that may or may not be among the first k score the same.
        for rows in self._alike((self.of_rows[k] > 0) & (self.of_rows[k] < 1)):
            equal, inside = self._tied(rows[0]), k - self._ranked.better[rows[0]]
            drawn = np.arange(len(rows))
            missed[self.user[rows[0]]] *= np.prod(np.maximum(equal - inside - drawn, 0) / (equal - drawn))
        return 1 - missed

    def _first(self) -> np.ndarray:
        """One over the place of the first item of each list, on average."""
        found, better = self._ranked.found, self._ranked.better
        places = np.arange(1, self._num_places + 1)
        first = np.full(len(self._in_list), np.iinfo(np.int64).max)
        np.minimum.at(first, self._list[found], better[found])
        is_first = found & (better == first[self._list])
        values = np.zeros(len(self._in_list))
        values[self._list[is_first]] = self._places(1 / places)[is_first]
        for rows in self._alike(is_first & (self._ranked.equal > 0)):
            # How likely none of them is among the first 0, 1, 2 … of those that score the same.
            equal, start = self._tied(rows[0]), int(better[rows[0]])
            taken, drawn = np.arange(equal + 1)[:, np.newaxis], np.arange(len(rows))
            none = np.prod(np.maximum(equal - taken - drawn, 0) / (equal - drawn), axis=1)
            values[self._list[rows[0]]] = ((none[:-1] - none[1:]) / (start + np.arange(1, equal + 1))).sum()
        return values

    def _tied(self, row: int) -> int:
        return int(self._ranked.equal[row]) + 1

    def _alike(self, rows: np.ndarray) -> list[np.ndarray]:
        """The rows of each list, where there are some, of those in a mask."""
        places = np.flatnonzero(rows)
        order = places[np.argsort(self._list[places], kind="stable")]
        return [part for part in np.split(order, np.flatnonzero(np.diff(self._list[order])) + 1) if len(part)]


def _recommended(top: np.ndarray, popularity: np.ndarray, ks: Sequence[int]) -> dict[str, float]:
    rarity = -np.log2((popularity + 1) / (popularity.sum() + len(popularity)))
    found = {}
    for k in ks:
        places = top[:, :k][top[:, :k] >= 0]
        found[f"coverage@{k}"] = len(np.unique(places)) / max(len(popularity), 1)
        found[f"novelty@{k}"] = float(rarity[places].mean()) if len(places) else 0.0
    return found


def popularity_groups(popularity: np.ndarray) -> np.ndarray:
    """The place in `GROUPS` of each item; an item that nobody had is in the tail.

    Args:
        popularity: In how many rows each is, int (m,).
    """
    order = np.argsort(-popularity, kind="stable")
    before = np.cumsum(popularity[order]) - popularity[order]
    groups = np.empty(len(popularity), np.int64)
    groups[order] = np.minimum(3 * before // max(int(popularity.sum()), 1), 2)
    return np.where(popularity > 0, groups, 2)


def _of_groups(known: _Part, wanted: np.ndarray, popularity: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Recall of the rows with items of each group, averaged over the users who have such rows."""
    groups = popularity_groups(popularity)
    of_rows = np.where(wanted >= 0, groups[wanted] if len(groups) else 2, 2)
    told = []
    for number, name in enumerate(GROUPS):
        rows, items = of_rows == number, groups == number
        users, user = np.unique(known.user[rows], return_inverse=True)
        one: dict[str, Any] = {
            "group": name,
            "items": int(items.sum()),
            "interactions": int(popularity[items].sum()),
            "rows": int(rows.sum()),
            "users": len(users),
        }
        for k, found in known.of_rows.items():
            values = np.bincount(user, found[rows], len(users)) / np.bincount(user, minlength=len(users))
            one[f"recall@{k}"] = float(values.mean()) if len(users) else 0.0
            if len(users) > 1:
                drawn = bootstrapped_means(values[:, np.newaxis], seed)
                one.setdefault("intervals", {})[f"recall@{k}"] = percentiles(drawn[:, 0]).as_json()
        told.append(one)
    return told
