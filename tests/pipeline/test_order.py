"""Orders of an epoch: every example once, or every class equally often."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.pipeline.class_weights import class_weights, describe_weights
from bigmodel_cli.pipeline.order import balanced_order, balanced_size

NAMES = ("cat", "dog", "eel")
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


@pytest.mark.slow
def test_balanced_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    found = class_weights("balanced", LABELS, NAMES)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, compute_class_weight("balanced", classes=np.arange(3), y=LABELS))
    np.testing.assert_allclose(found[LABELS].mean(), 1, rtol=1e-6)


def test_weights_of_ones_own_are_one_on_average():
    found = class_weights({"eel": 6.0}, LABELS, NAMES)
    # (3 * 1 + 7 * 1 + 2 * 6) / 12 examples
    np.testing.assert_allclose(found, np.array([1, 1, 6]) * 12 / 22, rtol=1e-6)
    np.testing.assert_allclose(found[LABELS].mean(), 1, rtol=1e-6)


def test_a_class_that_the_training_part_lacks_has_no_weight():
    found = class_weights("balanced", np.array([0, 0, 0, 1]), NAMES)
    np.testing.assert_allclose(found, [4 / (2 * 3), 4 / (2 * 1), 0], rtol=1e-6)


@pytest.mark.parametrize("names", [NAMES, ()])
def test_without_the_key_there_are_none(names):
    assert class_weights(None, LABELS, names) is None


def test_weights_in_words():
    assert describe_weights(np.array([0.5714, 4.0]), ["cat", "dog"]) == "cat 0.571, dog 4"
    many = describe_weights(np.ones(100), [f"c{number}" for number in range(100)])
    assert many.endswith("c7 1, … (100 in all)")
