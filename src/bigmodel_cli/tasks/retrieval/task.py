"""Which item somebody takes next, of all that there are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from bigmodel_cli.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.known_items import AllNames, KnownItems

# How many of the best items scores may look at, so that gates know their names.
TOPS = (1, 5, 10, 20, 50, 100, 200)
# Scores of the best k items, as they are called with `@k`.
OF_TOPS = ("ndcg", "recall", "hit_rate", "coverage", "novelty")
MRR = "mrr"
# Those that may be measured after each epoch, on all items.
AFTER_EPOCHS = (MRR, *(f"{name}@{top}" for name in ("recall", "ndcg", "hit_rate") for top in TOPS))


@dataclass(frozen=True)
class Popularity:
    """What items score beforehand, whoever asks.

    Attributes:
        days: How many days at the end of training count; None: all of it.
        weight: What the logarithm of an item's share of these counts beside the product of vectors.
        smoothing: How many more times each item is taken to have been had.
    """

    days: float | None
    weight: float
    smoothing: float

    def of(self, known: KnownItems) -> np.ndarray:
        """Float32 of shape (items,)."""
        import numpy as np

        # Of a weight of 0 it is 0, and not -0.
        found: np.ndarray = self.weight * np.log(known.shares(self.days, self.smoothing)) + 0
        return found.astype(np.float32)


@dataclass(frozen=True)
class Retrieval(Task):
    """An item for each row, in a place among those of training, behind which those of a joined table stand.

    Attributes:
        user: The column that says who has it.
        time: The one that says when; None: nothing does.
        least: Interactions in training that a user has who counts in the scores.
        top: How many of the best items scores look at, in order.
        leaves_out: Whether what a user had in training is recommended no more.
        popularity: What items score beforehand; None: nothing.
        of_item: The columns that say something of an item, itself among them: who asks does not know them.
        asks_anew: Whether what is known of who asks changes from row to row, as what they had before does.
        num_items: How many there are; None: training is not known yet.
        digest: Of their names, which tells other ones from them; None likewise.
        names: What the source calls items and users, until training is known.
        known: What training knew, and a model makes of it.
    """

    name: ClassVar[str] = "retrieval"
    labels: ClassVar[Literal["items"]] = "items"
    scores: ClassVar[Sequence[str]] = (MRR, *(f"{name}@{top}" for top in TOPS for name in OF_TOPS))
    target_shape: ClassVar[tuple[int, ...]] = ()  # type: ignore[misc]
    finds_items: ClassVar[bool] = True

    user: str
    time: str | None = None
    least: int = 5
    top: tuple[int, ...] = (10, 20, 100)
    leaves_out: bool = True
    popularity: Popularity | None = None
    of_item: tuple[str, ...] = ()
    asks_anew: bool = False
    num_items: int | None = None
    digest: str | None = None
    names: AllNames | None = field(default=None, compare=False, repr=False)
    known: KnownItems | None = field(default=None, compare=False, repr=False)

    @property
    def most(self) -> int:
        """How many of the best items are kept of each row."""
        return max(self.top)

    @property
    def described(self) -> str:
        if self.num_items is None:
            return f"items that {self.user} takes"
        return f"one of {self.num_items:,} items that {self.user} takes"

    @property
    def listed(self) -> str:
        return f"none ({self.described})"

    @property
    def default_metrics(self) -> Sequence[str]:
        # Which item of a batch is a row's own depends on how large it is, and says less than the loss.
        return ()

    @property
    def numbers(self) -> Mapping[str, int | None]:
        return {"num_classes": None}

    def fitted(self, labels: np.ndarray) -> Retrieval:
        """The same with what training rows tell, which are as `known_items.ROW` has them."""
        if self.names is None:
            return self
        return self.knowing(self.names.known(labels))

    def knowing(self, known: KnownItems) -> Retrieval:
        """The same with what training knew."""
        digest = hashlib.sha256("\n".join(known.items).encode("utf-8", "surrogatepass")).hexdigest()
        return replace(self, names=None, known=known, num_items=len(known.items), digest=digest)

    def with_vectors(self, vectors: np.ndarray) -> Retrieval:
        """The same with what a model makes of each item, float32 of shape (items, d)."""
        assert self.known is not None, "whoever asks a model of items knows them"
        prior = None if self.popularity is None else self.popularity.of(self.known)
        return replace(self, known=self.known.with_vectors(vectors, prior))

    def placed(self, labels: np.ndarray) -> np.ndarray:
        return labels if self.known is None else self.known.placed(labels)

    def as_json(self) -> dict[str, Any]:
        popularity = None if self.popularity is None else vars(self.popularity)
        names = ("user", "time", "least", "leaves_out", "num_items", "digest")
        lists = {"top": [*self.top], "of_item": [*self.of_item]}
        # Told where it is so alone: runs from before it was know nothing of it.
        anew = {"asks_anew": True} if self.asks_anew else {}
        return {**{name: getattr(self, name) for name in names}, **lists, **anew, "popularity": popularity}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        popularity = record["popularity"]
        return cls(
            record["user"],
            record["time"],
            record["least"],
            tuple(record["top"]),
            record["leaves_out"],
            None if popularity is None else Popularity(**popularity),
            tuple(record["of_item"]),
            record.get("asks_anew", False),
            record["num_items"],
            record["digest"],
        )
