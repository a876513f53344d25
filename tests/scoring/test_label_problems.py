"""Wrong labels that were planted are found, and clean data are left alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bigmodel_cli.scoring.label_problems import Surest, class_problems, set_problems
from bigmodel_cli.scoring.residual_outliers import number_problems

pytestmark = pytest.mark.slow

DATA = {"digits": load_digits, "wine": load_wine, "breast_cancer": load_breast_cancer, "iris": load_iris}


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))


def forest():
    return RandomForestClassifier(60, random_state=0)


def out_of_fold(features, labels, model):
    return cross_val_predict(model, features, labels, cv=3, method="predict_proba")


def planted(labels: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which a share was changed to another class, and which."""
    random, num_classes = np.random.default_rng(0), int(labels.max()) + 1
    rows = random.choice(len(labels), round(share * len(labels)), replace=False)
    changed = labels.copy()
    changed[rows] = (labels[rows] + random.integers(1, num_classes, len(rows))) % num_classes
    return changed, rows


def ambiguous(count: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Two classes between which the features decide by chance alone, as in most tables of people."""
    random = np.random.default_rng(0)
    features = random.normal(size=(count, 6))
    logits = 2 * features[:, 0] - 1.5 * features[:, 1] - 1.5
    return features, (random.random(count) < 1 / (1 + np.exp(-logits))).astype(int)


@pytest.mark.parametrize("model", [linear, forest])
@pytest.mark.parametrize("name", DATA)
def test_nothing_is_said_of_clean_data(name, model):
    features, labels = DATA[name](return_X_y=True)
    found = class_problems(labels, out_of_fold(features, labels, model()))
    assert not found.stands_out, found.surest


@pytest.mark.parametrize("model", [linear, forest])
def test_nothing_is_said_of_what_chance_decides(model):
    features, labels = ambiguous()
    found = class_problems(labels, out_of_fold(features, labels, model()))
    assert found.surest.errors > 0.1
    assert len(found.suspects) > 30
    assert not found.stands_out, found.surest


@cache
def digits_with_planted_labels() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Given labels, right ones, rows whose label was changed, and out-of-fold probabilities of a forest."""
    features, right = load_digits(return_X_y=True)
    labels, wrong = planted(right, 0.05)
    return labels, right, wrong, out_of_fold(features, labels, forest())


def test_planted_labels_are_found():
    labels, right, wrong, probabilities = digits_with_planted_labels()
    found = class_problems(labels, probabilities)
    hits = np.isin(found.suspects.rows, wrong)
    assert found.stands_out
    assert found.estimated == pytest.approx(len(wrong), rel=0.1)
    assert hits.sum() / len(wrong) > 0.7
    assert hits.mean() > 0.7
    # The first ones are nearly all wrong, and what is suggested is right.
    first = hits[: len(wrong) // 2]
    assert first.mean() > 0.9
    rows = found.suspects.rows[hits]
    assert np.mean(found.suspects.suggested[hits] == right[rows]) > 0.9
    assert np.all(found.suspects.suggested != labels[found.suspects.rows])
    assert found.suspects.confidence[: len(first)].mean() > found.suspects.of_given[: len(first)].mean() + 0.5


def test_figures_for_machines():
    labels = np.repeat([0, 1], 500)
    probabilities = np.full((1000, 2), 0.05) + 0.9 * np.eye(2)[labels]
    labels[:50] = 1
    found = class_problems(labels, probabilities)
    assert found.as_json() == {
        "method": "confident_learning",
        "examples": 1000,
        "estimated": 50.0,
        "share": 0.05,
        "suspects": 50,
        "stands_out": True,
        "surest": {"contradicted": 50, "examples": 250},
    }
    assert found.pairs == [(1, 0, pytest.approx(50), pytest.approx(0.1))]
    assert sorted(found.suspects.rows) == list(range(50))


@pytest.mark.parametrize("prune", ["noise_rate", "class", "both"])
@pytest.mark.parametrize("rank", ["normalized_margin", "self_confidence"])
def test_every_way_finds_planted_labels(prune, rank):
    labels, _, wrong, probabilities = digits_with_planted_labels()
    found = class_problems(labels, probabilities, prune=prune, rank=rank)
    hits = np.isin(found.suspects.rows, wrong)
    assert hits.mean() > 0.7
    assert hits.sum() / len(wrong) >= 0.7
    assert hits[:40].all()


@pytest.mark.parametrize(
    ("contradicted", "count", "errors", "stands_out"),
    [
        (0, 1000, 0.02, False),
        # MNIST's own wrong labels, and a few more.
        (5, 1000, 0.02, False),
        (20, 1000, 0.04, True),
        # Of so few examples one is no news.
        (1, 10, 0.1, False),
        # A model that errs often is contradicted often.
        (60, 1000, 0.25, False),
        (150, 1000, 0.45, False),
        # Half of the labels drawn anew.
        (400, 1000, 0.42, True),
        (0, 0, 0.0, False),
    ],
)
def test_what_stands_out(contradicted, count, errors, stands_out):
    assert Surest(contradicted, count, errors).stands_out is stands_out


def test_scores_that_are_no_probabilities_tell_nothing():
    assert class_problems(np.array([0, 1]), np.array([[-1.0, 1.0], [2.0, -2.0]])) is None
    assert class_problems(np.zeros(0, int), np.zeros((0, 3))) is None
    assert set_problems(np.array([[0, 1]]), np.array([[0.2, 1.7]])) is None


def sets(count: int = 1200) -> tuple[np.ndarray, np.ndarray]:
    """Sets of three labels, and probabilities of a good model."""
    random = np.random.default_rng(0)
    labels = (random.random((count, 3)) < [0.5, 0.3, 0.1]).astype(np.int64)
    logits = random.normal(size=labels.shape) + np.where(labels == 1, 4, -4)
    return labels, 1 / (1 + np.exp(-logits))


def test_labels_of_sets_are_suspected_each_by_itself():
    right, probabilities = sets()
    assert not set_problems(right, probabilities).stands_out
    labels = right.copy()
    wrong = np.random.default_rng(1).choice(len(labels), 60, replace=False)
    labels[wrong, 1] ^= 1
    found = set_problems(labels, probabilities)
    assert found.stands_out
    assert set(found.suspects.places.tolist()) == {1}
    hits = np.isin(found.suspects.rows, wrong)
    assert hits.mean() > 0.9
    assert hits.sum() > 54
    rows = found.suspects.rows[hits]
    assert found.suspects.suggested[hits].tolist() == right[rows, 1].tolist()


@pytest.mark.parametrize("draw", ["normal", "laplace", "standard_t", "exponential"])
@pytest.mark.parametrize("count", [200, 5000])
def test_nothing_is_said_of_numbers_whatever_their_tails(draw, count):
    random = np.random.default_rng(0)
    errors = getattr(random, draw)(*([3] if draw == "standard_t" else []), size=count)
    found = number_problems(errors, np.zeros(count))
    assert not found.stands_out
    assert len(found.suspects) < 0.005 * count + 2


def test_numbers_that_are_far_off_are_found():
    random = np.random.default_rng(0)
    truth = random.normal(50, 10, size=(2000, 1))
    predicted = truth + random.normal(size=truth.shape)
    labels = truth.copy()
    # A lost decimal point.
    labels[:60] *= 10
    found = number_problems(labels, predicted)
    assert found.stands_out
    assert sorted(found.suspects.rows) == list(range(60))
    assert found.as_json()["method"] == "residuals"
    assert found.suspects.of_given is None
    assert found.suspects.suggested == pytest.approx(predicted[found.suspects.rows, 0])
    assert np.all(np.diff(found.suspects.confidence) <= 0)


def test_of_few_numbers_or_equal_ones_nothing_is_known():
    assert number_problems(np.arange(19.0), np.zeros(19)) is None
    exact = number_problems(np.arange(30.0), np.arange(30.0))
    assert not exact.stands_out
    assert len(exact.suspects) == 0
