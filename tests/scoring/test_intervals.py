"""Intervals against known cases."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.scoring.classes import class_scores
from bigmodel_cli.scoring.intervals import (
    RESAMPLES,
    bootstrapped_counts,
    bootstrapped_means,
    percentiles,
    wilson,
)
from bigmodel_cli.scoring.label_sets import average_precisions, label_scores, mean_of_known
from bigmodel_cli.scoring.precision_intervals import bootstrapped_precisions


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    # As R's prop.test(correct = FALSE) and Brown, Cai and DasGupta 2001 have them.
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (990, 1000, 0.9817, 0.9946)],
)
def test_wilson(hits, count, low, high):
    found = wilson(hits, count)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert found.method == "wilson"


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_says():
    values = np.random.default_rng(1).standard_normal((400, 1)) * 3
    found = percentiles(bootstrapped_means(values, seed=0))
    error = values.std() / 20
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error * 1.96)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error * 1.96)


def test_counts_are_drawn_as_examples_would_be():
    matrix = np.array([[70, 10], [0, 20]])
    drawn = bootstrapped_counts(matrix, seed=0)
    assert drawn.shape == (RESAMPLES, 3) and (drawn.sum(axis=1) == 100).all()
    np.testing.assert_allclose(drawn.mean(axis=0), [70, 10, 20], atol=0.5)
    # Binomial: n p (1 - p).
    np.testing.assert_allclose(drawn.var(axis=0), [21, 9, 16], rtol=0.15)


def test_drawing_in_parts_gives_as_many(monkeypatch):
    monkeypatch.setattr("bigmodel_cli.scoring.intervals._AT_ONCE", 70)
    assert bootstrapped_means(np.arange(20.0).reshape(10, 2), seed=0).shape == (RESAMPLES, 2)


@pytest.mark.slow
def test_intervals_from_the_matrix_are_those_from_the_examples():
    random = np.random.default_rng(2)
    labels = random.integers(0, 3, 300)
    predicted = np.where(random.random(300) < 0.7, labels, random.integers(0, 3, 300))
    scores = np.eye(3)[predicted]
    found = class_scores(labels, predicted, scores, ("a", "b", "c"), seed=0).intervals
    balanced, f1 = [], []
    for _ in range(2000):
        rows = random.integers(0, 300, 300)
        truth, guess = labels[rows], predicted[rows]
        hits = np.array([np.sum((truth == c) & (guess == c)) for c in range(3)])
        balanced.append((hits / np.bincount(truth, minlength=3)).mean())
        f1.append((2 * hits / (np.bincount(truth, minlength=3) + np.bincount(guess, minlength=3))).mean())
    for name, values in (("balanced_accuracy", balanced), ("macro.f1", f1)):
        low, high = np.quantile(values, [0.025, 0.975])
        assert (found[name].low, found[name].high) == pytest.approx((low, high), abs=0.012)


def test_the_same_seed_gives_the_same_interval():
    values = np.arange(50.0)[:, None]
    assert percentiles(bootstrapped_means(values, 3)) == percentiles(bootstrapped_means(values, 3))


@pytest.mark.slow
def test_mean_average_precision_of_samples_is_scikit_learns(monkeypatch):
    monkeypatch.setattr("bigmodel_cli.scoring.precision_intervals._AT_ONCE", 60 * 23)
    random = np.random.default_rng(2)
    truth = random.random((60, 3)) < [0.3, 0.03, 0.0]
    # Rounded, so that many are equal.
    values = np.round(truth * 0.3 + random.random((60, 3)), 1)
    found = bootstrapped_precisions(truth, values, seed=5)
    assert found.shape == (RESAMPLES,)
    again = np.random.default_rng(5)
    for start in range(0, 100, 23):
        for value, rows in zip(found[start : start + 23], again.integers(0, 60, (23, 60)), strict=True):
            assert value == pytest.approx(mean_of_known(average_precisions(truth[rows], values[rows])))


@pytest.mark.slow
def test_the_interval_of_mean_average_precision_has_it_inside():
    random = np.random.default_rng(3)
    truth = random.random((300, 4)) < 0.3
    values = np.clip(truth * 0.3 + random.random((300, 4)) * 0.7, 0, 1)
    scores = label_scores(truth, values > 0.5, values, "abcd", seed=0)
    interval, mean = (
        scores.intervals["mean_average_precision"],
        scores.headline["mean_average_precision"],
    )
    assert interval.low < mean < interval.high and 0.02 < interval.high - interval.low < 0.15
    assert interval.method == "bootstrap"
    # Nobody has a label: there is nothing to draw.
    nothing = label_scores(np.zeros((5, 2)), np.zeros((5, 2)), np.zeros((5, 2)), "ab", seed=0)
    assert nothing.intervals["mean_average_precision"].high == 0


def test_of_many_examples_fewer_samples_are_drawn(monkeypatch):
    monkeypatch.setattr("bigmodel_cli.scoring.precision_intervals._MOST_COUNTS", 60 * 2 * 150)
    truth = np.arange(120).reshape(60, 2) % 3 == 0
    assert bootstrapped_precisions(truth, np.arange(120.0).reshape(60, 2), seed=0).shape == (150,)
