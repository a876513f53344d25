"""Texts of about equal length stand in one batch, and an order is a function of (seed, epoch)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from bigmodel_cli.pipeline.by_length import Alike, lengths_of
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


def test_few_lengths_leave_as_little_padding_as_can_be():
    needed = np.array([0, 2, 2, 3, 9, 10, 10, 10])
    assert lengths_of(needed, 16, 8).tolist() == [1, 2, 2, 3, 9, 10, 10, 10]
    assert lengths_of(needed, 16, 2).tolist() == [3, 3, 3, 3, 10, 10, 10, 10]
    assert lengths_of(needed, 16, 1).tolist() == [16] * 8
    # Of all ways to choose three of the lengths that are there the best one.
    there = sorted(set(LENGTHS.tolist()))
    best = min(
        sum(min(end for end in (*ends, there[-1]) if end >= one) for one in LENGTHS.tolist())
        for ends in combinations(there[:-1], 2)
    )
    assert lengths_of(LENGTHS, 50, 3).sum() == best


def test_what_an_example_needs_ends_with_its_last_token_or_target():
    columns = {"words": np.array([[1, 0, 2, 0], [0, 0, 0, 0]]), "are": np.ones((2, 4), bool)}
    assert Alike(4, ("words", "are")).places(columns, {}).tolist() == [3, 0]
    tags = {"tags": np.array([[1, 1, 1, -1], [0, -1, -1, -1]])}
    assert Alike(4, ("words", "are"), ("tags",)).places(columns, tags).tolist() == [3, 1]
    letters = {"letters": np.array([[[0, 1], [0, 0]], [[1, 0], [2, 0]]])}
    assert Alike(2, ("letters",)).places(letters, {}).tolist() == [1, 2]


def texts_and_targets():
    drawn = np.random.default_rng(1)
    texts, targets = np.zeros((20, 12), np.int32), np.full((20, 12), -1, np.int32)
    for row in range(20):
        texts[row, : drawn.integers(0, 10)] = row + 1
        targets[row, : drawn.integers(1, 13)] = row
    return texts, targets


@pytest.mark.tf
@pytest.mark.parametrize("num_lengths", [2, 12])
def test_a_batch_is_as_long_as_its_longest_text(num_lengths):
    from bigmodel_cli.pipeline.by_length import Cutting
    from bigmodel_cli.pipeline.windows import feed_of
    from bigmodel_cli.sources.base import Examples
    from bigmodel_cli.sources.stores import ArrayStore

    texts, targets = texts_and_targets()
    numbers = np.arange(20, dtype=np.float32)
    inputs = {"a text": ArrayStore(texts, "x"), "number": ArrayStore(numbers, "x")}
    cutting = Cutting([Alike(12, ("a text",), ("target",))], num_lengths)
    feed = feed_of(Examples(inputs, {"target": targets}), 6, cutting=cutting)
    order = feed.epoch_order(seed=0, epoch=1)
    seen, lengths, weight = [], set(), 0.0
    for start in range(feed.num_batches()):
        chunk = feed.chunk(feed.rows(order, start, 1))
        features, labels = feed.batch(chunk, 0)
        rows = features["number"].numpy().astype(int)
        seen += rows.tolist()
        longest = max(
            1, *(int((whole[rows] > least).sum(axis=1).max()) for whole, least in ((texts, 0), (targets, -1)))
        )
        length = features["a_text"].shape[1]
        assert length == longest if num_lengths == 12 else length >= longest
        lengths.add(length)
        assert np.array_equal(features["a_text"], texts[rows, :length])
        assert np.array_equal(labels["target"], targets[rows, :length])
        weights, _ = feed.weights(chunk, 0)
        places = targets[rows, :length] >= 0
        # What Keras sums up and divides by the places of the batch.
        weight += float(np.mean(weights["target"].numpy()[:, None] * places)) * len(rows) / 20
    assert sorted(seen) == list(range(20))
    assert len(lengths) <= num_lengths
    assert weight == pytest.approx(1, abs=1e-6), "every place counts the same, in whichever batch"


@pytest.mark.tf
def test_another_cut_is_another_graph():
    """Evaluations of several splits share graphs by `form`, and where a column is cut is part of one."""
    from bigmodel_cli.pipeline.by_length import Cutting
    from bigmodel_cli.pipeline.windows import feed_of
    from bigmodel_cli.sources.base import Examples
    from bigmodel_cli.sources.stores import ArrayStore

    texts, targets = texts_and_targets()

    def form(size):
        examples = Examples({"text": ArrayStore(texts[:, :size], "x")}, {"target": targets[:, :size]})
        return feed_of(examples, 6, cutting=Cutting([Alike(size, ("text",), ("target",))])).form

    assert form(12) == form(12) != form(11)
