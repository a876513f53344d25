"""The best items for users of a run, exactly: every item is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from bigmodel_cli.cut import some
from bigmodel_cli.recommending.catalogue import Catalogue
from bigmodel_cli.recommending.conditions import chosen
from bigmodel_cli.recommending.newcomers import vector_of
from bigmodel_cli.recommending.products import best_products
from bigmodel_cli.recommending.reasons import Columns, Reason, reasons
from bigmodel_cli.scoring.rankings import OUT, best

# Users whose items are found together: more of them are no quicker.
_AT_ONCE = 512
_NOTHING = np.zeros(0, np.int32)
# The vector, float32 (d,), of somebody who is not in training and had some items, the latest last.
Newcomer = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Item:
    """An item that is recommended.

    Attributes:
        name: What it is called.
        score: What it scores; of items that are alike, the cosine between their vectors.
        columns: What is known of it, by column.
        why: What speaks for it, where that was asked.
    """

    name: str
    score: float
    columns: Mapping[str, Sequence[str]]
    why: Reason | None = None

    def as_json(self) -> dict[str, Any]:
        columns = {"columns": self.columns} if self.columns else {}
        why = {} if self.why is None else {"why": self.why.as_json()}
        return {"item": self.name, "score": self.score, **columns, **why}


@dataclass(frozen=True)
class Answer:
    """What is recommended to somebody, or instead of some item.

    Attributes:
        asked: What was asked, as JSON has it: `{"user": "42"}`.
        items: The best first.
        remarks: What there is to say of it, in sentences.
    """

    asked: Mapping[str, Any]
    items: Sequence[Item]
    remarks: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Who or what was asked for, in a word."""
        (what, value), *_ = self.asked.items()
        return {"user": str(value), "similar_to": f"like {value}"}.get(what, "new user")

    def as_json(self) -> dict[str, Any]:
        items = [item.as_json() for item in self.items]
        return {**self.asked, "items": items, "remarks": [*self.remarks]}


@dataclass(frozen=True)
class Wish:
    """How items are chosen.

    Attributes:
        top: How many.
        leaves_out_seen: Whether what somebody had is left out; None: as the run's config has it.
        where: Conditions that they fulfil, as `conditions.chosen` reads them.
        tells_columns: Whether what is known of them is told.
        tells_why: Whether what speaks for them is.
        item_columns: Says what their columns change, where that is told, too.
        newcomer: Gives somebody who is not in training a vector; None: it follows from those of known users.
    """

    top: int = 10
    leaves_out_seen: bool | None = None
    where: Sequence[str] = ()
    tells_columns: bool = True
    tells_why: bool = False
    item_columns: Columns | None = None
    newcomer: Newcomer | None = None


@dataclass(frozen=True)
class _Asking:
    """Somebody who asks.

    Attributes:
        asked: As in `Answer`.
        vector: Float32 (d,); None: nothing is known of them.
        had: The items that they had, in ascending order.
        remarks: As in `Answer`.
    """

    asked: Mapping[str, Any]
    vector: np.ndarray | None
    had: np.ndarray
    remarks: list[str] = field(default_factory=list)


class Recommender:
    """Finds the best items of a catalogue.

    Args:
        catalogue: What a run keeps.
        wish: How items are chosen.

    Raises:
        UsageError: If a condition is none.
    """

    def __init__(self, catalogue: Catalogue, wish: Wish) -> None:
        self._catalogue, self._wish = catalogue, wish
        self._chosen = chosen(catalogue.columns, wish.where)
        vectors, prior = catalogue.item_vectors, catalogue.prior
        self._vectors = vectors if self._chosen is None else vectors[self._chosen]
        self._prior = prior if self._chosen is None else prior[self._chosen]

    def _popularity(self) -> np.ndarray:
        """Logarithms of shares in all interactions, in which products of vectors are without a prior."""
        counts = np.asarray(self._catalogue.counts) + 1
        shares = np.log(counts / counts.sum()).astype(np.float32)
        return np.asarray(shares if self._chosen is None else shares[self._chosen])

    def asked_for(
        self,
        users: Iterable[str] = (),
        similar_to: str | None = None,
        new_user: Sequence[str] | None = None,
    ) -> Iterator[Answer]:
        """Answers for an item, for the items of somebody new, or for users: whichever is asked."""
        if similar_to is not None:
            return iter([self.similar(similar_to)])
        return self.users(users) if new_user is None else iter([self.new_user(new_user)])

    def everybody(self) -> Iterator[Answer]:
        """Answers for all users of training."""
        names = enumerate(self._catalogue.users)
        return self._answers(self._known(name, number) for number, name in names)

    def users(self, names: Iterable[str]) -> Iterator[Answer]:
        """Answers for users by their names; one that is not known gets what is popular."""
        return self._answers(
            self._known(name, number)
            if (number := self._catalogue.users.number(name)) >= 0
            else self._stranger({"user": name}, self._unknown_user(name))
            for name in names
        )

    def new_user(self, names: Sequence[str]) -> Answer:
        """The answer for somebody who is not in training, by the items that they had."""
        catalogue, asked = self._catalogue, {"new_user": {"items": [*names]}}
        numbers = catalogue.items.numbers(names)
        had = np.unique(numbers[numbers >= 0])
        unknown = [name for name, number in zip(names, numbers.tolist(), strict=True) if number < 0]
        remarks = [f"not among the items: {some(unknown)}"] if unknown else []
        if not len(had):
            remarks.append(f"no item is known that this {catalogue.user_column} had: what is popular")
            return next(self._answers([self._stranger(asked, *remarks)]))
        if self._wish.newcomer is None:
            vector = vector_of(had, catalogue.item_vectors, catalogue.for_newcomers)
        else:
            known = [name for name, number in zip(names, numbers.tolist(), strict=True) if number >= 0]
            vector = self._wish.newcomer(known)
        return next(self._answers([_Asking(asked, vector, had, remarks)]))

    def similar(self, name: str) -> Answer:
        """The items that are most like one, by the cosine between their vectors."""
        catalogue, asked = self._catalogue, {"similar_to": name}
        number = catalogue.items.number(name)
        if number < 0:
            return Answer(asked, (), [f"{catalogue.item_column} {name!r} is not among the {self._of_all}"])
        own = catalogue.item_vectors[number]
        lengths = np.sqrt(np.einsum("nd,nd->n", self._vectors, self._vectors) * (own @ own))
        scores = (self._vectors @ own / np.where(lengths > 0, lengths, 1))[np.newaxis]
        itself = np.array([number])
        scores[0, self._places(itself)[1]] = OUT
        (found,) = best(scores, self._top)
        return self._answer(_Asking(asked, None, itself), found, scores[0, found])

    @property
    def _top(self) -> int:
        return min(self._wish.top, len(self._vectors))

    @property
    def _of_all(self) -> str:
        return f"{len(self._catalogue.items):,} items of the run"

    def _unknown_user(self, name: str) -> str:
        column, count = self._catalogue.user_column, len(self._catalogue.users)
        return f"{column} {name!r} is not among the {count:,} of training: what is popular"

    def _known(self, name: str, number: int) -> _Asking:
        return _Asking({"user": name}, self._catalogue.user_vectors[number], self._catalogue.had[number])

    def _stranger(self, asked: Mapping[str, Any], *remarks: str) -> _Asking:
        return _Asking(asked, None, _NOTHING, [*remarks])

    def _answers(self, asking: Iterable[_Asking]) -> Iterator[Answer]:
        left = iter(asking)
        while block := list(islice(left, _AT_ONCE)):
            known = [one for one in block if one.vector is not None]
            found = zip(*self._best(known), strict=True) if known else iter(())
            for one in block:
                yield self._answer(one, *(self._popular if one.vector is None else next(found)))

    def _best(self, block: Sequence[_Asking]) -> tuple[np.ndarray, np.ndarray]:
        """The places of the best items for users who are known, and their scores."""
        queries = np.stack([one.vector for one in block if one.vector is not None])
        asked = self._wish.leaves_out_seen
        leaves_out = self._catalogue.leaves_out_seen if asked is None else asked
        left_out = [one.had if leaves_out else _NOTHING for one in block]
        rows = np.repeat(np.arange(len(block)), [*map(len, left_out)])
        are_there, places = self._places(np.concatenate(left_out))
        return best_products(queries, self._vectors, self._prior, (rows[are_there], places), self._top)

    @cached_property
    def _popular(self) -> tuple[np.ndarray, np.ndarray]:
        """The same for strangers: by what all items have beforehand, or else by how often they were had."""
        scores = self._prior if self._catalogue.prior.any() else self._popularity()
        (found,) = best(scores[np.newaxis], self._top)
        return found, scores[found]

    def _places(self, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which items are among those that are chosen, and the places of these."""
        if self._chosen is None:
            return np.ones(len(items), bool), items
        where = np.searchsorted(self._chosen, items)
        are_there = np.append(self._chosen, -1)[where] == items
        return are_there, where[are_there]

    def _answer(self, one: _Asking, found: np.ndarray, scores: np.ndarray) -> Answer:
        found, scores = found[found >= 0], scores[found >= 0]
        numbers = found if self._chosen is None else self._chosen[found]
        why: Sequence[Reason | None] = [None] * len(numbers)
        if self._wish.tells_why and one.vector is not None:
            why = reasons(self._catalogue, one.vector, one.had, numbers, self._wish.item_columns)
        items = [
            Item(self._catalogue.items[number], score, self._told(number), reason)
            for number, score, reason in zip(numbers.tolist(), scores.tolist(), why, strict=True)
        ]
        return Answer(one.asked, items, [*one.remarks, *self._lacking(len(items), one.asked)])

    def _told(self, number: int) -> Mapping[str, Sequence[str]]:
        if not self._wish.tells_columns:
            return {}
        return {name: column[number] for name, column in self._catalogue.columns.items()}

    def _lacking(self, count: int, asked: Mapping[str, Any]) -> Iterator[str]:
        """Why there are fewer items than were asked for."""
        if count == self._wish.top:
            return
        there = len(self._vectors)
        of_those = self._of_all if self._chosen is None else f"{there:,} items that fulfil the conditions"
        were = "it itself is one" if "similar_to" in asked else f"{there - count:,} were had"
        more = f", of which {were}" if there > count else ""
        yield f"{count:,} instead of {self._wish.top:,}: there are {of_those}{more}"
