"""Who had what, and when: users, items and times as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

DAY = 86400.0


@dataclass(frozen=True)
class Had:
    """Which items each of some users had, each once, in ascending order.

    Attributes:
        starts: Where those of each begin, and where the last's end, int64 (n + 1,).
        items: Of one user after another, int32.
    """

    starts: np.ndarray
    items: np.ndarray

    @classmethod
    def of(cls, users: np.ndarray, items: np.ndarray, num_users: int, num_items: int) -> Had:
        """Of pairs; those with a user or an item below 0 are left out."""
        known = (users >= 0) & (items >= 0)
        pairs = np.unique(users[known].astype(np.int64) * num_items + items[known])
        starts = np.searchsorted(pairs, np.arange(num_users + 1, dtype=np.int64) * num_items)
        return cls(starts, (pairs % max(num_items, 1)).astype(np.int32))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, user: int) -> np.ndarray:
        """The items of one user; of one below 0, who is unknown, there are none."""
        return self.items[self.starts[user] : self.starts[user + 1]] if user >= 0 else self.items[:0]

    def counts(self) -> np.ndarray:
        """How many items each user had, int64 (n,)."""
        return np.diff(self.starts)

    def rows(self, users: np.ndarray) -> Had:
        """Those of some users, in that order; -1 is a user who had nothing."""
        lengths = np.where(users >= 0, self.counts()[users] if len(self) else 0, 0)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        # Where each item stands here, less where its user's begin there and here.
        places = np.arange(starts[-1]) + np.repeat(self.starts[users] - starts[:-1], lengths)
        return Had(starts, self.items[places])

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """The user and the item of each, in order."""
        return np.repeat(np.arange(len(self)), self.counts()), self.items


@dataclass(frozen=True)
class Interactions:
    """Rows in which a user had an item.

    Attributes:
        users: Of each row from 0 on; -1: nobody that is known. int64 (n,).
        items: Likewise.
        times: In seconds, or in what else the table has, float64 (n,); None: it has no times.
        num_users: How many users there are, also those without a row.
        num_items: How many items there are, likewise.
    """

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray | None
    num_users: int
    num_items: int

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: np.ndarray) -> Interactions:
        """Some rows, by their numbers or a mask; users and items stay as many."""
        times = None if self.times is None else self.times[rows]
        return Interactions(self.users[rows], self.items[rows], times, self.num_users, self.num_items)

    @cached_property
    def had(self) -> Had:
        """Which items each user had."""
        return Had.of(self.users, self.items, self.num_users, self.num_items)

    def counts(self) -> np.ndarray:
        """In how many rows each item is, int64 (num_items,)."""
        return np.bincount(self.items[self.items >= 0], minlength=self.num_items)

    def user_counts(self) -> np.ndarray:
        """How many rows each user has, int64 (num_users,)."""
        return np.bincount(self.users[self.users >= 0], minlength=self.num_users)

    def counts_since(self, time: float) -> np.ndarray:
        """As `counts`, of the rows at `time` and later."""
        assert self.times is not None
        return self.take(self.times >= time).counts()
