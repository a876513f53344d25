"""Windows of a text as batches: the tokens are in memory once, and windows are cut out inside the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bigmodel_cli.pipeline.by_length import Cutting, TextFeed, of_any_length
from bigmodel_cli.pipeline.feed import Chunk, Feed
from bigmodel_cli.sources.base import Examples, bare
from bigmodel_cli.sources.series import Series
from bigmodel_cli.sources.stores import ArrayStore


def feed_of(
    examples: Examples, batch_size: int, *args: Any, cutting: Cutting | None = None, **how: Any
) -> Feed:
    """A feed of examples: of windows where they are such, so that training draws new ones in each epoch; of
    texts in batches of about equal length where they are cut, or where their model takes any length.

    Args:
        examples: Of one split.
        batch_size: Examples per batch.
        cutting: Which columns are cut; None: none but texts of any length.
        args, how: As `Feed` takes them, `TextFeed` where columns are cut.
    """
    if cutting is None and any(getattr(store, "has_any_length", False) for store in examples.inputs.values()):
        cutting = of_any_length(examples)
    if cutting is None:
        return (Feed if examples.series is None else WindowFeed)(examples, batch_size, *args, **how)
    feed = TextFeed(examples, batch_size, *args, cutting=cutting, **how)
    arrays = {name: store.array for name, store in examples.inputs.items() if store.array is not None}
    feed.know(cutting.places(arrays, examples.targets))
    return feed


class WindowFeed(Feed):
    """A feed whose rows are the places where windows begin."""

    def __init__(self, examples: Examples, batch_size: int, *args: Any, **how: Any) -> None:
        assert examples.series is not None
        self._series: Series = examples.series
        (self._input,), (self._target,) = examples.inputs, examples.targets
        # What the base holds is the text itself, whatever its windows are.
        text = ArrayStore(self._series.ids, "text")
        none = np.empty((0,), np.int32)
        super().__init__(Examples({self._input: text}, {self._target: none}), batch_size, *args, **how)
        self.examples = examples
        self.epoch_size = self._series.epoch_size

    def _order(self, *, seed: int, epoch: int) -> np.ndarray:
        return self._series.drawn(seed=seed, epoch=epoch)

    @property
    def form(self) -> tuple[Any, ...]:
        return (*super().form, self._series.length)

    @property
    def own_order(self) -> np.ndarray:
        return self._series.starts

    def batch(self, chunk: Chunk, index: Any) -> tuple[Any, Mapping[str, Any]]:
        import tensorflow as tf

        starts = chunk["rows"][index]
        with self._reachable():
            places = starts[:, tf.newaxis] + tf.range(self._series.length + 1)
            tokens = tf.gather(chunk["held"][self._input], places)
        return bare({self._input: tokens[:, :-1]}), {self._target: tokens[:, 1:]}
