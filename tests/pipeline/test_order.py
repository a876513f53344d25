"""Orders of an epoch: every example once, or every class equally often."""

from __future__ import annotations

import numpy as np

from bigmodel_cli.pipeline.order import balanced_order, balanced_size

# 3 cats, 7 dogs, 2 eels.
LABELS = np.repeat([0, 1, 2], [3, 7, 2])


def test_every_class_as_often_as_the_largest():
    order = balanced_order(LABELS, seed=1, epoch=1)
    assert len(order) == balanced_size(LABELS) == 21
    assert np.bincount(LABELS[order]).tolist() == [7, 7, 7]
    times = np.bincount(order, minlength=12)
    assert times[:3].tolist() in ([3, 2, 2], [2, 3, 2], [2, 2, 3])
    assert times[3:10].tolist() == [1] * 7
    assert sorted(times[10:].tolist()) == [3, 4]


def test_it_is_a_function_of_seed_and_epoch():
    order = balanced_order(LABELS, seed=1, epoch=4)
    np.testing.assert_array_equal(order, balanced_order(LABELS, seed=1, epoch=4))
    for seed, epoch in [(1, 5), (2, 4), (4, 1)]:
        assert order.tolist() != balanced_order(LABELS, seed=seed, epoch=epoch).tolist()


def test_which_examples_come_once_more_changes_by_epoch():
    drawn = [np.bincount(balanced_order(LABELS, seed=0, epoch=epoch))[:3].argmax() for epoch in range(1, 30)]
    assert set(drawn) == {0, 1, 2}


def test_a_class_without_examples_is_none():
    labels = np.array([0, 0, 0, 2])
    assert balanced_size(labels) == 6
    assert np.bincount(labels[balanced_order(labels, seed=0, epoch=1)]).tolist() == [3, 0, 3]
