"""The first batches of a run, for steps that are made before it begins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bigmodel_cli.listener import Silent
from bigmodel_cli.pipeline.feed import Chunk
from bigmodel_cli.pipeline.kept_features import KeptFeatures
from bigmodel_cli.training.keeping import Fed, as_front
from bigmodel_cli.training.work import Work


def first_batches(work: Work, fed: Fed) -> Iterator[Chunk]:
    """The full batches of the first epoch, one at a time, as the run's compiled steps take them.

    What is computed once, from examples, is not there before training begins: of these it is computed now.

    Args:
        work: What is trained.
        fed: On what.

    Yields:
        Chunks of one batch; where an epoch has fewer examples than that, the one that it has.
    """
    feed = fed.feeds["train"]
    order = feed.epoch_order(seed=work.experiment.seed, epoch=1)
    for number in range(max(1, feed.epoch_size // feed.batch_size)):
        rows = feed.rows(order, number, 1)
        yield feed.chunk(rows) if fed.features is None else _computed(work, fed, rows.reshape(-1))


def _computed(work: Work, fed: Fed, rows: np.ndarray) -> Chunk:
    """A chunk of what the layers that do not learn give for some examples."""
    import tensorflow as tf

    features, listener = fed.features, Silent()
    assert features is not None and fed.halves is not None
    examples = features.parts["train"].take(rows)
    of_these = KeptFeatures({"train": examples}, features.made, "memory", features.label)
    feed = of_these.feeds(work.batch_size, None, work.distribution.dealing)["train"]
    of_these.fill(
        as_front(fed.halves.front, is_compiled=False), work.skipped, listener.download, listener.warn
    )
    chunk = feed.chunk(feed.rows(np.arange(len(examples)), 0, 1))
    if features.cache == "memory":
        return chunk
    # The run's own are read.
    read = {name: tf.gather(column, chunk["rows"]) for name, column in chunk["held"].items()}
    return {**chunk, "held": {}, "read": read}
