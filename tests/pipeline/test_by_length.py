"""Texts of about equal length stand in one batch, and an order is a function of (seed, epoch)."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.pipeline.order import epoch_order, order_by_length

LENGTHS = np.random.default_rng(0).integers(1, 50, 1003)


def ordered(count: int, epoch: int = 1, batch_size: int = 8) -> np.ndarray:
    order = epoch_order(count, seed=0, epoch=epoch)
    return order_by_length(order, LENGTHS, batch_size, seed=0, epoch=epoch)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 399, 400, 401, 1003])
def test_every_example_comes_once(count):
    assert sorted(ordered(count).tolist()) == list(range(count))


def test_batches_are_of_about_equal_length_and_in_no_order_of_it():
    batches = LENGTHS[ordered(1003)[:1000]].reshape(-1, 8)
    plain = LENGTHS[epoch_order(1003, seed=0, epoch=1)[:1000]].reshape(-1, 8)
    padding, without = (1 - part.mean() / part.max(axis=1).mean() for part in (batches, plain))
    assert padding < 0.03
    assert without > 0.4
    # Neither short batches come first, nor long ones.
    assert abs(np.corrcoef(np.arange(125), batches.mean(axis=1))[0, 1]) < 0.2


def test_is_a_function_of_seed_and_epoch():
    assert np.array_equal(ordered(1003), ordered(1003))
    assert not np.array_equal(ordered(1003), ordered(1003, epoch=2))


@pytest.mark.tf
def test_a_batch_is_as_long_as_its_longest_text():
    from bigmodel_cli.pipeline.by_length import TextFeed
    from bigmodel_cli.sources.base import Examples
    from bigmodel_cli.sources.stores import ArrayStore

    drawn = np.random.default_rng(1)
    texts, targets = np.zeros((2, 20, 12), np.int32)
    for row in range(20):
        texts[row, : drawn.integers(0, 10)] = row + 1
        targets[row, : drawn.integers(1, 13)] = row + 1
    numbers = np.arange(20, dtype=np.float32)
    inputs = {"a text": ArrayStore(texts, "x"), "number": ArrayStore(numbers, "x")}
    feed = TextFeed(Examples(inputs, {"target": targets}), 6)
    order = feed.epoch_order(seed=0, epoch=1)
    seen = []
    for start in range(feed.num_batches()):
        chunk = feed.chunk(feed.rows(order, start, 1))
        features, labels = feed.batch(chunk, 0)
        rows = features["number"].numpy().astype(int)
        seen += rows.tolist()
        for found, whole in ((features["a_text"], texts), (labels["target"], targets)):
            longest = max(1, int((whole[rows] != 0).sum(axis=1).max()))
            assert found.shape == (len(rows), longest)
            assert np.array_equal(found, whole[rows, :longest])
    assert sorted(seen) == list(range(20))
