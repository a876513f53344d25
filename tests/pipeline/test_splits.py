"""Splits: the source's own, or cut from the training part by share, class and seed."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.pipeline.splits import make_splits
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, Source
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression


def examples(labels, origin="train"):
    """Examples whose single feature is their number."""
    labels = np.asarray(labels)
    return Examples.of_arrays(np.arange(len(labels), dtype=np.int64)[:, None], labels, origin)


def source(*, regression=False, **labels):
    class_names = None if regression else tuple("abcdefghijklmnopqrstuvwxyz")
    splits = {name: examples(values, name) for name, values in labels.items()}
    return Source(
        splits,
        Signature.of(
            ArrayKind((1,), "int64"), Regression() if class_names is None else Classification(class_names)
        ),
    )


def members(part):
    return part.store.array[:, 0].tolist()


HUNDRED = np.arange(100) % 4


def test_auto_cuts_a_tenth_for_each():
    splits = make_splits(source(train=HUNDRED), validation="auto", test="auto", seed=0)
    assert splits.sizes == {"train": 80, "validation": 10, "test": 10}
    assert splits.origins == {
        "train": "its own",
        "validation": "0.1 of the training part",
        "test": "0.1 of the training part",
    }


def test_shares_are_of_the_whole_training_part():
    splits = make_splits(source(train=HUNDRED), validation=0.25, test=0.2, seed=0)
    assert splits.sizes == {"train": 55, "validation": 25, "test": 20}


def test_auto_takes_what_the_source_has():
    splits = make_splits(
        source(train=HUNDRED, validation=HUNDRED[:8], test=HUNDRED[:9]),
        validation="auto",
        test="auto",
        seed=0,
    )
    assert splits.sizes == {"train": 100, "validation": 8, "test": 9}
    assert splits.origins["validation"] == "its own"
    assert splits.validation is not None
    assert splits.test.name(3) == "test[3]"


def test_auto_cuts_validation_beside_a_test_split_of_the_source():
    splits = make_splits(source(train=HUNDRED, test=HUNDRED), validation="auto", test="auto", seed=0)
    assert splits.sizes == {"train": 90, "validation": 10, "test": 100}


def test_auto_cuts_no_test_beside_a_validation_split_of_the_source():
    splits = make_splits(source(train=HUNDRED, validation=HUNDRED), validation="auto", test="auto", seed=0)
    assert splits.sizes == {"train": 100, "validation": 100}
    assert splits.test is None


def test_nought_leaves_a_split_out_even_where_the_source_has_it():
    splits = make_splits(source(train=HUNDRED, validation=HUNDRED), validation=0, test=0, seed=0)
    assert splits.sizes == {"train": 100}
    assert splits.validation is None


def test_a_share_of_a_split_that_the_source_has_is_refused():
    with pytest.raises(DataError) as caught:
        make_splits(source(train=HUNDRED, test=HUNDRED[:7]), validation=0, test=0.2, seed=0)
    assert caught.value.message == (
        "data.test: 0.2 asks for a share of the training part, "
        "but the source has a test split of its own (7 examples)"
    )
    assert caught.value.hint == "remove data.test to use the source's own split"


@pytest.mark.parametrize(("share", "count"), [(0.01, 0), (0.99, 10)])
def test_a_split_that_leaves_one_side_empty_is_refused(share, count):
    with pytest.raises(DataError) as caught:
        make_splits(source(train=[0, 1] * 5), validation=share, test=0, seed=0)
    assert caught.value.message == (
        f"data.validation: a split of {count} out of 10 examples leaves one side empty"
    )


def test_classes_keep_their_shares():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    splits = make_splits(source(train=labels), validation=0.2, test=0.1, seed=3)
    assert np.bincount(splits.validation.labels).tolist() == [12, 6, 2]
    assert np.bincount(splits.test.labels).tolist() == [6, 3, 1]


def test_a_seed_cuts_the_same_and_another_seed_others():
    same = [
        make_splits(source(train=HUNDRED), validation=0.2, test=0.1, seed=seed).fingerprints()
        for seed in (1, 1, 2)
    ]
    assert same[0] == same[1]
    assert same[0]["validation"] != same[2]["validation"]
    assert same[0]["test"] != same[2]["test"]


def test_numbers_are_cut_at_random():
    splits = make_splits(
        source(train=np.linspace(0, 1, 50, dtype=np.float32), regression=True), validation=0.2, test=0, seed=0
    )
    assert splits.sizes == {"train": 40, "validation": 10}
    assert members(splits.validation) != list(range(10))


def test_rare_classes_stay_in_training():
    labels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8]
    for seed in range(5):
        splits = make_splits(source(train=labels), validation=0.25, test=0, seed=seed)
        assert set(splits.train.labels.tolist()) == set(labels)
