"""Which items there are, who had which of them in training, and what models make of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from bigmodel_cli.distinct import Distinct
from bigmodel_cli.interactions import DAY, Had, Interactions

# What scores compare with of a row: its item, who had it, and when.
ROW = np.dtype([("item", "i8"), ("user", "i8"), ("time", "f8")])


def rows_of(items: np.ndarray, users: np.ndarray, times: np.ndarray | None) -> np.ndarray:
    """Rows of `ROW`, shape (n,); without times all are 0."""
    found = np.zeros(len(items), ROW)
    found["item"], found["user"] = items, users
    if times is not None:
        found["time"] = times
    return found


@dataclass(frozen=True, eq=False)
class AllNames:
    """Names of items and users as a source knows them, before it is known which rows are trained on.

    Attributes:
        items: Of all rows, and of a joined table.
        users: Of all rows.
        is_joined: Which of the items a joined table has, bool (items,).
        has_times: Whether rows have times.
    """

    items: Sequence[str]
    users: Sequence[str]
    is_joined: np.ndarray
    has_times: bool

    def known(self, trained: np.ndarray) -> KnownItems:
        """What is known once it is known which rows are trained on.

        Args:
            trained: These, as `ROW` has them, by the places of the names here.
        """
        # Those in rows of other splits alone are unknown, as they will be in use; those that a joined table
        # has can be found by their columns.
        there = np.unique(trained["item"])
        items = np.concatenate([there, np.setdiff1d(np.flatnonzero(self.is_joined), there)])
        users = np.unique(trained["user"])
        item_of = np.full(len(self.items), -1, np.int64)
        item_of[items] = np.arange(len(items))
        # Who is new is nobody that is known, and yet somebody.
        user_of = np.full(len(self.users), -1, np.int64)
        user_of[users] = np.arange(len(users))
        user_of[user_of < 0] = len(users) + np.arange(len(self.users) - len(users))
        interactions = Interactions(
            user_of[trained["user"]],
            item_of[trained["item"]],
            trained["time"] if self.has_times else None,
            len(users),
            len(items),
        )
        return KnownItems(
            [self.items[place] for place in items.tolist()],
            [self.users[place] for place in users.tolist()],
            interactions.had,
            interactions.counts(),
            interactions,
            places=(item_of, user_of),
        )


class Listed(Protocol):
    """Names in an order of their own."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> str: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(frozen=True, eq=False)
class KnownItems:
    """What training knew of items and users.

    Attributes:
        items: Names of those that may be found, in the order of their labels.
        users: Names of those who had one in training.
        had: Which of them each user had.
        counts: In how many rows of training each item is, int64 (m,).
        interactions: These rows; None: nobody has them at hand.
        vectors: What a model makes of each item, float32 (m, d); None: no model was asked.
        prior: What each item scores whoever asks, float32 (m,); None: nothing.
        places: Where each item and each user of a source are here: -1 for items that are not, numbers behind
            those of all users for users that are not; None: rows have these places already.
    """

    items: Listed
    users: Listed
    had: Had
    counts: np.ndarray
    interactions: Interactions | None = None
    vectors: np.ndarray | None = None
    prior: np.ndarray | None = None
    places: tuple[np.ndarray, np.ndarray] | None = None

    def times_had(self, users: np.ndarray) -> np.ndarray:
        """In how many rows of training users of rows are, int64 (n,); without these rows, how many items each
        of them had, which is the same where nobody had one twice."""
        rows = self.interactions
        counts = np.append(self.had.counts() if rows is None else rows.user_counts(), 0)
        found: np.ndarray = counts[np.minimum(users, len(self.users))]
        return found

    def placed(self, rows: np.ndarray) -> np.ndarray:
        """Items, or rows of `ROW`, by their places here instead of those in the source."""
        if self.places is None:
            return rows
        items, users = self.places
        if rows.dtype.names is None:
            found: np.ndarray = items[rows]
            return found
        return rows_of(items[rows["item"]], users[rows["user"]], rows["time"])

    def for_rows(self, names: AllNames) -> KnownItems:
        """The same with places for rows of another source, of which training knew nothing.

        Args:
            names: As that source has them; users who are not here are somebody each.
        """
        item_of = [self.place_of_item.get(name, -1) for name in names.items]
        user_of = np.array([self.place_of_user.get(name, -1) for name in names.users], np.int64)
        new = np.flatnonzero(user_of < 0)
        user_of[new] = len(self.users) + np.arange(len(new))
        return replace(self, places=(np.array(item_of, np.int64), user_of))

    def with_vectors(self, vectors: np.ndarray, prior: np.ndarray | None) -> KnownItems:
        """The same with what a model makes of each item, and what each scores whoever asks."""
        return replace(self, vectors=np.ascontiguousarray(vectors, np.float32), prior=prior)

    def had_by(self, users: np.ndarray) -> Had:
        """What users of rows had in training, who may be nobody that is known."""
        return self.had.rows(np.where(users < len(self.users), users, -1))

    @cached_property
    def distinct(self) -> Distinct:
        """The items' vectors, to be multiplied."""
        assert self.vectors is not None, "whoever ranks has asked a model before"
        return Distinct.of(self.vectors)

    @cached_property
    def place_of_user(self) -> Mapping[str, int]:
        """Where users are, by their names."""
        return {name: place for place, name in enumerate(self.users)}

    @cached_property
    def place_of_item(self) -> Mapping[str, int]:
        """The same of items."""
        return {name: place for place, name in enumerate(self.items)}

    def shares(self, days: float | None, smoothing: float) -> np.ndarray:
        """Each item's share of what was had in the last days of training, float64 (m,), none of them 0.

        Args:
            days: How many; None: all of training.
            smoothing: How many more times each item is taken to have been had.
        """
        rows, counts = self.interactions, self.counts
        if days is not None and rows is not None and rows.times is not None:
            counts = rows.counts_since(rows.times.max() - days * DAY)
        more = counts + smoothing
        shares: np.ndarray = more / more.sum()
        return shares
