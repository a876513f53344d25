"""What simple models reach, on data whose answer is known, and against plain scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import accuracy_score, r2_score
from threadpoolctl import threadpool_limits

from bigmodel_cli.baselines import sizes
from bigmodel_cli.baselines.measure import measure_baselines
from bigmodel_cli.config.schema import Calibrate
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.baseline import standardized
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.image.shrinking import shrunk
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.pipeline.splits import Splits, make_splits
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, Source
from bigmodel_cli.sources.stores import ArrayStore, Store
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression

# Fits models: nothing for every edit.
pytestmark = pytest.mark.slow

YES_NO = Classification(("no", "yes"))


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self):
        self.said = []

    def say(self, message):
        self.said.append(message)


@pytest.fixture
def experiment(tiny):
    return read_config(Path(tiny)).experiment


@pytest.fixture
def measured(experiment):
    """Measures baselines of examples: `measured(features, labels, task)`; models by name, and the notes."""

    def call(features, labels, task=YES_NO, *, kind=None, data=None, **changes):
        store = features if isinstance(features, Store) else ArrayStore(features, "train")
        signature = Signature.of(kind or ArrayKind(store.shape), task)
        source = Source({"train": Examples.of(store, labels)}, signature)
        splits = make_splits(source, validation=0.2, test=0.2, seed=0)
        changed = {**changes, "data": experiment.data.model_copy(update=data or {})}
        document = measure_baselines(experiment.model_copy(update=changed), splits, Heard())
        return {model["name"]: model for model in document["models"]}, document["notes"], splits

    return call


def numbers(count, width=3):
    return np.random.default_rng(0).normal(size=(count, width)).astype(np.float32)


def test_what_can_be_added_and_what_cannot(measured):
    """A sum is what the linear model finds; of a product only trees find the sign."""
    features = numbers(600, 2)
    models, _, _ = measured(features, (features.sum(axis=1) > 0).astype(np.int64))
    assert models["logistic_regression"]["test"]["metrics"]["accuracy"] > 0.9
    models, _, _ = measured(features, (features.prod(axis=1) > 0).astype(np.int64))
    assert models["logistic_regression"]["test"]["metrics"]["accuracy"] < 0.7
    assert models["hist_gradient_boosting"]["test"]["metrics"]["accuracy"] > 0.85


def test_the_scores_are_those_of_plain_scikit_learn(measured):
    features = numbers(400)
    labels = (features @ [1, -1, 0.5] + np.random.default_rng(1).normal(size=400) > 0.3).astype(np.int64)
    models, notes, splits = measured(features, labels)
    assert notes == []
    train, test = splits.train, splits.test
    x, x_test = train.store.array, test.store.array
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    with threadpool_limits(1):
        linear = LogisticRegression().fit((x - mean) / deviation, train.labels)
        trees = HistGradientBoostingClassifier(random_state=42).fit(x, train.labels)
        expected = {
            "most_frequent_class": np.full(len(test), np.bincount(train.labels).argmax()),
            "logistic_regression": linear.predict((x_test - mean) / deviation),
            "hist_gradient_boosting": trees.predict(x_test),
        }
    for name, predicted in expected.items():
        found = models[name]["test"]
        assert found["metrics"]["accuracy"] == accuracy_score(test.labels, predicted), name
        assert found["intervals"]["accuracy"]["method"] == "wilson"
        assert models[name]["trained_on"] == 240
        assert {"roc_auc", "log_loss"} <= set(found["scores"])


def test_numbers_and_several_of_them(measured):
    features = numbers(300)
    labels = np.stack([features[:, 0] * 2 + 1, -features[:, 1]], axis=1)
    models, _, splits = measured(features, labels, Regression((2,)))
    assert set(models) == {"mean", "ridge", "hist_gradient_boosting"}
    x, y = splits.train.store.array, splits.train.labels
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    ridge = RidgeCV(alphas=10.0 ** np.arange(-2, 5)).fit((x - mean) / deviation, y)
    expected = r2_score(splits.test.labels, ridge.predict((splits.test.store.array - mean) / deviation))
    assert models["ridge"]["test"]["metrics"]["r2"] == pytest.approx(expected, abs=1e-5)
    assert models["mean"]["test"]["metrics"]["r2"] <= 0
    assert models["hist_gradient_boosting"]["validation"]["metrics"]["r2"] > 0.8


def test_missing_numbers_are_said_to_the_linear_model_and_left_to_trees(measured):
    features = numbers(500, 2)
    labels = np.random.default_rng(1).integers(0, 2, 500)
    features[labels == 1, 0] = np.nan
    models, _, _ = measured(features, labels)
    for name in ("logistic_regression", "hist_gradient_boosting"):
        assert models[name]["test"]["metrics"]["accuracy"] == 1, name


def test_standardized():
    train = np.array([[1, 5, np.nan], [3, 5, np.nan], [np.nan, 5, np.nan], [7, 5, np.nan]], np.float32)
    encode = standardized(train).encode
    found = encode(train)
    # Two of the three columns have gaps; the median of 1, 3 and 7 stands in.
    assert found.shape == (4, 5)
    filled = np.array([1, 3, 3, 7])
    np.testing.assert_allclose(found[:, 0], (filled - filled.mean()) / filled.std(), rtol=1e-6)
    assert found[:, 1:3].tolist() == [[0, 0]] * 4
    assert found[:, 3:].tolist() == [[0, 1], [0, 1], [1, 1], [0, 1]]
    assert encode(np.array([[3, 9, 2]], np.float32))[0, 1:].tolist() == [4, 2, 0, 0]


def test_weights_of_classes_are_those_of_the_model(measured):
    features = numbers(400, 1)
    labels = (features[:, 0] + np.random.default_rng(1).normal(size=400) > 1.5).astype(np.int64)
    plain, _, _ = measured(features, labels)
    weighed, _, _ = measured(features, labels, data={"class_weights": "balanced"})
    oversampled, _, _ = measured(features, labels, data={"oversample": "balanced"})
    before, after = (found["logistic_regression"]["test"]["scores"] for found in (plain, weighed))
    assert after["balanced_accuracy"] > before["balanced_accuracy"]
    assert oversampled["logistic_regression"]["test"]["scores"] == after
    # What looks at nothing has nothing to weigh.
    assert weighed["most_frequent_class"]["test"] == plain["most_frequent_class"]["test"]


def test_a_rule_for_decisions_is_chosen_for_each(measured):
    features = numbers(400, 1)
    labels = (features[:, 0] + np.random.default_rng(1).normal(size=400) > 1.5).astype(np.int64)
    plain, _, _ = measured(features, labels)
    asked = Calibrate(threshold="recall >= 0.9", positive="yes")
    ruled, _, _ = measured(features, labels, calibrate=asked)
    before, after = (found["logistic_regression"]["validation"] for found in (plain, ruled))
    assert after["scores"]["balanced_accuracy"] > before["scores"]["balanced_accuracy"]
    assert after["scores"]["roc_auc"] == before["scores"]["roc_auc"]


def test_large_data_are_learned_from_in_part_which_is_said(measured, monkeypatch):
    monkeypatch.setattr(sizes, "_FEWEST", 10)
    monkeypatch.setattr(sizes, "_TREES_WORK", 3 * (2000 + 50))
    monkeypatch.setattr(sizes, "_MOST_HELD_OUT", 30)
    features = numbers(300)
    models, notes, _ = measured(features, (features[:, 0] > 0).astype(np.int64))
    assert models["logistic_regression"]["trained_on"] == 180
    assert models["hist_gradient_boosting"]["trained_on"] == 50
    assert notes == [
        "validation: scores are those of a sample of 30 of 60 examples",
        "test: scores are those of a sample of 30 of 60 examples",
        "hist_gradient_boosting learns from 50 of 180 examples, so that it does not take long",
    ]


def test_what_would_take_too_long_is_left_out_which_is_said(measured, monkeypatch):
    monkeypatch.setattr(sizes, "_LINEAR_WORK", 1)
    models, notes, _ = measured(numbers(100), np.arange(100) % 2)
    assert set(models) == {"most_frequent_class", "hist_gradient_boosting"}
    assert notes == [
        "logistic_regression is left out: for so many features and outputs it would take too long"
    ]


def test_a_column_of_too_many_numbers_is_left_out_which_is_said(measured):
    models, notes, _ = measured(np.zeros((50, 10_001), np.float32), np.arange(50) % 2)
    assert set(models) == {"most_frequent_class"}
    assert notes == ["input: has 10,001 numbers for each example, so simple models do without it"]


def test_a_class_with_one_example_and_one_without(measured):
    """Trees draw what decides when to stop by class, which needs two of each."""
    labels = np.arange(20_000) % 2
    labels[7] = 2
    models, _, splits = measured(
        numbers(20_000, 1), labels, Classification(("a", "b", "rare", "none")), kind=ArrayKind((1,))
    )
    assert (splits.train.labels == 2).sum() == 1
    assert models["hist_gradient_boosting"]["test"]["metrics"]["accuracy"] == pytest.approx(0.5, abs=0.03)


class Drawn(Store):
    """Pictures that are read one by one; some cannot be."""

    shape = (48, 40, 3)
    dtype = np.dtype(np.uint8)

    def __init__(self, positions, labels, bad=()):
        self.positions, self.labels, self.bad = positions, labels, bad

    def __len__(self):
        return len(self.positions)

    def take(self, indices):
        return Drawn(self.positions[indices], self.labels, self.bad)

    def read(self, index):
        position = self.positions[index]
        if position in self.bad:
            raise DataError(f"{position}.png: damaged")
        value = np.random.default_rng(position).integers(0, 40, self.shape, np.uint8)
        # What tells the classes apart is in one corner.
        value[:16, :10, 2] += 100 * self.labels[position].astype(np.uint8)
        return value

    def name(self, index):
        return f"{self.positions[index]}.png"

    def add_to(self, digest):
        digest.update(self.positions.tobytes())


PICTURES = ImageKind(ImageFormat((48, 40), "rgb"))


def test_pictures_are_read_and_made_smaller(measured):
    labels = np.random.default_rng(0).integers(0, 2, 200)
    models, _, _ = measured(Drawn(np.arange(200), labels), labels, kind=PICTURES)
    for name in ("logistic_regression", "hist_gradient_boosting"):
        assert models[name]["test"]["metrics"]["accuracy"] == 1, name


def test_what_cannot_be_read_is_an_error_or_left_out(experiment, measured):
    labels = np.arange(100) % 2
    store = Drawn(np.arange(100), labels, bad=range(0, 100, 5))
    with pytest.raises(DataError, match=r"\d+\.png: damaged"):
        measured(store, labels, kind=PICTURES)
    models, notes, _ = measured(store, labels, kind=PICTURES, data={"on_bad_file": "skip"})
    left_out = sum(int(note.split()[1]) for note in notes)
    assert left_out == 20
    assert all(note.endswith("examples that cannot be read are left out") for note in notes)
    assert models["logistic_regression"]["trained_on"] == 60 - int(notes[0].split()[1])


@pytest.mark.parametrize("shape", [(2, 64, 48), (2, 64, 48, 3), (2, 20, 48, 1)])
def test_a_smaller_picture_has_the_means_of_what_it_covers(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = shrunk(pixels, 16)
    height = min(shape[1], 16)
    assert found.shape == (2, height, 16, *shape[3:])
    np.testing.assert_allclose(found.mean(axis=(1, 2)), pixels.mean(axis=(1, 2)), rtol=1e-5)
    if shape[1] == 64:
        np.testing.assert_allclose(found[:, 0, 0], pixels[:, :4, :3].mean(axis=(1, 2)), rtol=1e-5)


def test_several_columns_and_targets(experiment):
    """A picture beside numbers; each target has models of its own."""
    count = 120
    sums = numbers(count, 2)
    shown = np.random.default_rng(1).integers(0, 2, count)
    store = Drawn(np.arange(count), shown)
    examples = Examples(
        {"photo": store, "sizes": ArrayStore(sums, "train")},
        {"shown": shown, "sum": sums.sum(axis=1)},
    )
    signature = Signature(
        {"photo": PICTURES, "sizes": ArrayKind((2,))}, {"shown": YES_NO, "sum": Regression()}
    )
    parts = {"train": examples.take(np.arange(80)), "test": examples.take(np.arange(80, count))}
    splits = Splits(parts, dict.fromkeys(parts, "its own"), signature)
    heard = Heard()
    document = measure_baselines(experiment, splits, heard)
    found = {(model["target"], model["name"]): model["test"] for model in document["models"]}
    assert len(found) == 6
    assert found["shown", "logistic_regression"]["metrics"]["accuracy"] == 1
    assert found["sum", "hist_gradient_boosting"]["metrics"]["r2"] > 0.7
    assert document["splits"] == {"test": {"examples": 40}}
    shown = {model["target"]: model["shown"] for model in document["models"]}
    assert shown["shown"][0] == "accuracy" and "r2" in shown["sum"]
    assert "fitting ridge to 80 examples" in heard.said
