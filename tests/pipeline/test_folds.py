"""Folds: each example is held out once, classes keep their shares, groups stay whole, time goes forward."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.config.schema import Data, Fold, SplitBy
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.pipeline.folds import NEVER, Folds
from bigmodel_cli.pipeline.split_by import Column
from bigmodel_cli.pipeline.splits import folds_of, split_source
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, Source
from bigmodel_cli.sources.series import Series
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression


def _source(labels, *, task=None, own=(), **beside):
    """Examples whose single feature is their number; `own` splits have three others each."""

    def examples(labels, first, beside):
        features = np.arange(first, first + len(labels), dtype=np.int64)[:, None]
        columns = {name: ArrayStore(np.asarray(values), "train") for name, values in beside.items()}
        plain = Examples.of_arrays(features, np.asarray(labels), "train")
        return Examples(plain.inputs, plain.targets, columns)

    task = task or Classification(("a", "b", "c", "d"))
    splits = {"train": examples(labels, 0, beside)}
    splits |= {name: examples(labels[:3], 1_000 * n, {}) for n, name in enumerate(own, 1)}
    return Source(splits, Signature.of(ArrayKind((1,), "int64"), task))


def test_a_text_is_not_dealt():
    series = Series(np.arange(41, dtype=np.int32), 4)
    examples = Examples(
        {"input": ArrayStore(series.windows(), "train")}, {"label": series.windows(1)}, series=series
    )
    with pytest.raises(DataError, match="a text is not dealt into folds") as error:
        Folds(3, 1, 0, None).deal(examples, None)
    assert "data.validation and data.test" in error.value.hint


def _data(fold=None, **more):
    return Data.model_construct(**{**Data(source=None).__dict__, "fold": fold, **more})


def _members(part):
    return part.store.array[:, 0].tolist()


LABELS = np.repeat([0, 1, 2, 3], [40, 30, 23, 10])


def test_every_example_is_held_out_once_and_classes_keep_their_shares():
    dealt = folds_of(_source(LABELS), Folds(5, 1, 0, None))
    assert sorted(np.bincount(dealt)[1:]) == [20, 20, 21, 21, 21]
    for label in range(4):
        counts = np.bincount(dealt[label == LABELS], minlength=6)[1:]
        assert counts.max() - counts.min() <= 1


def test_folds_follow_from_seed_and_repeat():
    source = _source(LABELS)
    first = folds_of(source, Folds(5, 1, 3, None))
    assert (first == folds_of(source, Folds(5, 1, 3, None))).all()
    for other in (Folds(5, 2, 3, None), Folds(5, 1, 4, None)):
        assert (first != folds_of(source, other)).mean() > 0.5


def test_a_fold_is_the_test_split_and_validation_is_of_the_rest():
    source = _source(LABELS, own=("test",))
    held_out = []
    for number in range(1, 6):
        splits = split_source(source, _data(Fold(number=number, of=5)), seed=0)
        parts = {name: set(_members(part)) for name, part in splits.parts.items()}
        assert len(parts["validation"]) == round(0.1 * (103 - len(parts["test"])))
        assert not parts["train"] & parts["test"]
        assert not parts["train"] & parts["validation"]
        # The source's own test split is in none of them.
        assert parts["train"] | parts["validation"] | parts["test"] == set(range(103))
        assert splits.origins["test"] == f"fold {number} of 5 of the training part"
        held_out += parts["test"]
    assert sorted(held_out) == list(range(103))


def test_a_validation_split_of_the_source_stays():
    splits = split_source(_source(LABELS, own=("validation",)), _data(Fold(number=1, of=5)), seed=0)
    assert _members(splits.parts["validation"]) == [1000, 1001, 1002]
    assert splits.origins["validation"] == "its own"


def test_groups_stay_whole_and_classes_near_their_shares():
    random = np.random.default_rng(0)
    groups = random.integers(0, 60, 600)
    labels = (random.random(600) < 0.2 + 0.2 * (groups % 2)).astype(int)
    by = Column(SplitBy(group="who"))
    dealt = folds_of(_source(labels, who=groups.astype(np.float64)), Folds(5, 1, 0, by))
    for group in np.unique(groups):
        assert len(np.unique(dealt[groups == group])) == 1
    sizes = np.bincount(dealt)[1:]
    assert sizes.min() >= 110
    assert sizes.max() <= 130
    shares = np.array([labels[dealt == fold].mean() for fold in range(1, 6)])
    assert np.abs(shares - labels.mean()).max() < 0.05


def test_time_goes_forward():
    moments = np.random.default_rng(1).permutation(np.repeat(np.arange(30.0), 4))
    labels = np.arange(120) % 2
    by = SplitBy(time="when")
    source = _source(labels, when=moments)
    dealt = folds_of(source, Folds(4, 1, 0, Column(by)))
    assert np.bincount(dealt).tolist() == [24] * 5
    for number in range(1, 5):
        splits = split_source(source, _data(Fold(number=number, of=4), split_by=by), seed=0)
        when = {name: moments[_members(part)] for name, part in splits.parts.items()}
        assert when["train"].max() < when["validation"].min()
        assert when["validation"].max() < when["test"].min()
    assert (moments[dealt == NEVER] < 6).all()


@pytest.mark.parametrize(
    ("source", "folds", "message"),
    [
        (_source([0, 1, 0, 1, 1, 1, 1]), Folds(3, 1, 0, None), "the class a has 2 examples, which cannot"),
        (_source([0, 1, 0, 1, 1]), Folds(6, 1, 0, None), "6 folds are too many: there are 5 examples"),
        (
            _source([0, 1, 0, 1], who=np.array([1.0, 1.0, 2.0, 2.0])),
            Folds(3, 1, 0, Column(SplitBy(group="who"))),
            "there are 2 groups of who",
        ),
        (
            _source([0, 1, 0, 1], when=np.array([1.0, 1.0, 2.0, 3.0])),
            Folds(3, 1, 0, Column(SplitBy(time="when"))),
            "there are 3 different moments of when",
        ),
    ],
)
def test_more_folds_than_there_can_be(source, folds, message):
    with pytest.raises(DataError, match=message) as caught:
        folds_of(source, folds)
    assert caught.value.hint == f"ask for {min(folds.of - 1, 2 if folds.of == 3 else 5)} folds at most"


def test_numbers_are_dealt_evenly():
    source = _source(np.linspace(0, 1, 23).astype(np.float32), task=Regression())
    assert sorted(np.bincount(folds_of(source, Folds(5, 1, 0, None)))[1:]) == [4, 4, 5, 5, 5]
