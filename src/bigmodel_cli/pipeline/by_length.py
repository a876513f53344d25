"""Batches of texts of about equal length, each about as long as its longest text.

How long a batch is, is known before it is computed, so that all replicas and all parts of it are as long; and
there are few lengths, so that whatever compiles for each of them anew does so a few times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bigmodel_cli.config.naming import so_far_of
from bigmodel_cli.pipeline.feed import Chunk, Feed
from bigmodel_cli.pipeline.order import order_by_length
from bigmodel_cli.sources.base import Examples

# As many lengths as `data.length_buckets: auto` takes: with words of AG's news, of which a text has 38 on
# average and room for 100, batches have 41 places then, 44 with 4 lengths, 53 with 2.
NUM_LENGTHS = 8
TOKENS = ("int32", "int64")


@dataclass(frozen=True)
class Alike:
    """Columns of one length that are cut at the same place.

    Attributes:
        size: Places of each.
        inputs: By name: tokens (n, size, …), and what was computed of them place by place, such as masks of
            pairs of them (n, size, size).
        targets: By name; these are predicted place by place.
    """

    size: int
    inputs: tuple[str, ...]
    targets: tuple[str, ...] = ()

    def places(self, inputs: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray]) -> np.ndarray:
        """How many places each example needs, int32 (n,): up to the last one that is something.

        Args:
            inputs: In tokens 0 is padding; other columns tell nothing.
            targets: Likewise; padding is less than 0.
        """
        columns = [inputs[name] for name in self.inputs]
        there = [column != 0 for column in columns if is_of_tokens(column) and column.shape[1] == self.size]
        there += [targets[name] >= 0 for name in self.targets]
        is_needed = np.logical_or.reduce([one.reshape(*one.shape[:2], -1).any(axis=2) for one in there])
        behind = np.argmax(is_needed[:, ::-1], axis=1)
        return np.where(is_needed.any(axis=1), self.size - behind, 0).astype(np.int32)

    def cut(self, column: Any, length: Any) -> Any:
        """An array or a tensor with so many of these places."""
        axes = [slice(length) if size == self.size else slice(None) for size in column.shape[1:]]
        return column[(slice(None), *axes)]


def is_of_tokens(column: np.ndarray) -> bool:
    """Whether a column may be one of tokens, of which 0 is padding."""
    return column.ndim > 1 and str(column.dtype) in TOKENS and not bool((column < 0).any())


@dataclass(frozen=True)
class Cutting:
    """Which columns of batches are cut.

    Attributes:
        groups: Columns that are cut alike; each group at a place of its own.
        num_lengths: How many lengths batches have at most.
    """

    groups: Sequence[Alike]
    num_lengths: int = NUM_LENGTHS

    def places(self, inputs: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray]) -> np.ndarray:
        """Of each group, as `Alike.places` has it: int32 (groups, n)."""
        return np.stack([group.places(inputs, targets) for group in self.groups])


def of_any_length(examples: Examples) -> Cutting:
    """Of texts whose model has no length: a target with the text so far, any other text by itself."""
    groups = []
    for name, store in examples.inputs.items():
        if getattr(store, "has_any_length", False):
            written = tuple(target for target in examples.targets if so_far_of(target) == name)
            groups.append(Alike(store.shape[0], (name,), written))
    return Cutting(groups)


class TextFeed(Feed):
    """A feed whose batches have no padding that all of their texts have.

    Args:
        examples: Of one split.
        batch_size: Examples per batch.
        cutting: Which columns are cut; they are as long as they are until `know` says what is needed of them.
        any_order: Whether batches of all examples once may have them in any order, as measuring may.
        args, how: As `Feed` takes them.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        *args: Any,
        cutting: Cutting,
        any_order: bool = False,
        **how: Any,
    ) -> None:
        super().__init__(examples, batch_size, *args, **how)
        self.cutting = cutting
        self._any_order = any_order
        self._total = np.zeros(len(examples), np.int32)
        self._lengths = np.array([np.full(len(examples), group.size, np.int32) for group in cutting.groups])

    @property
    def form(self) -> tuple[Any, ...]:
        return (*super().form, *self.cutting.groups)

    @property
    def num_lengths(self) -> int:
        return self.cutting.num_lengths

    def know(self, places: np.ndarray) -> None:
        """How many places each example needs, int32 (groups, n)."""
        self._total = places.sum(axis=0)
        self._lengths = np.stack(
            [
                lengths_of(needed, group.size, self.cutting.num_lengths)
                for needed, group in zip(places, self.cutting.groups, strict=True)
            ]
        )

    def _order(self, *, seed: int, epoch: int) -> np.ndarray:
        order = super()._order(seed=seed, epoch=epoch)
        return order_by_length(order, self._total, self.batch_size, seed=seed, epoch=epoch)

    @property
    def own_order(self) -> np.ndarray:
        return np.argsort(self._total, kind="stable") if self._any_order else super().own_order

    def chunk(self, rows: np.ndarray) -> Chunk:
        """As of `Feed`, with the lengths of each batch, int32 (batches, groups): a row for each part here."""
        import tensorflow as tf

        actual = rows if self.stand_ins is None else self.stand_ins[rows]
        # Numbers of examples may have a draw with them.
        lengths = self._lengths[:, actual % len(self.examples)].max(axis=2).T
        if self.dealing is not None:
            lengths = np.repeat(lengths, self.dealing.num_local, axis=0)
        return {**super().chunk(rows), "lengths": tf.constant(lengths)}

    def columns(self, chunk: Chunk, index: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        found, targets = super().columns(chunk, index)
        for number, group in enumerate(self.cutting.groups):
            length = chunk["lengths"][index, number]
            found |= {name: group.cut(found[name], length) for name in group.inputs}
            targets |= {name: targets[name][:, :length] for name in group.targets}
        return found, targets

    def weights(self, chunk: Chunk, index: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        import tensorflow as tf

        weights, known = super().weights(chunk, index)
        for number, group in enumerate(self.cutting.groups):
            length = chunk["lengths"][index, number]
            # Keras divides by the places that there are: a place counts the same in a batch of any length.
            share = tf.cast(length, tf.float32) / group.size
            for name in weights.keys() & set(group.targets):
                weights[name] = weights[name] * share
        return weights, known


def lengths_of(needed: np.ndarray, size: int, most: int) -> np.ndarray:
    """As few lengths as are allowed, with which the least is padding, int32 (n,).

    Args:
        needed: Places that each example needs.
        size: Places that there are.
        most: How many lengths; with one it is that of all places.
    """
    if most == 1 or not len(needed):
        return np.full(len(needed), size, np.int32)
    # Of a batch of empty texts one place stays: what has none cannot be computed.
    there, counts = np.unique(np.maximum(needed, 1), return_counts=True)
    ends = _ends(there, counts, most)
    found: np.ndarray = ends[np.searchsorted(ends, np.maximum(needed, 1))].astype(np.int32)
    return found


def _ends(there: np.ndarray, counts: np.ndarray, most: int) -> np.ndarray:
    """Of ascending numbers those to which the others are rounded up so that the sum is least.

    Args:
        there: The numbers.
        counts: How often each comes.
        most: How many are chosen at most.
    """
    before = np.concatenate([[0], np.cumsum(counts)])
    # Of the first so many numbers what they come to, with the ends so far; and where the last end but one is.
    least = np.where(np.arange(len(before)) == 0, 0.0, np.inf)
    came_from = []
    for _ in range(min(most, len(there))):
        sums = [
            least[:stop] + there[stop - 1] * (before[stop] - before[:stop]) for stop in range(1, len(before))
        ]
        came_from.append([0, *(int(one.argmin()) for one in sums)])
        least = np.array([np.inf, *(one.min() for one in sums)])
    ends, stop = [], len(there)
    for starts in reversed(came_from):
        ends.append(int(there[stop - 1]))
        stop = starts[stop]
    return np.array(ends[::-1])
