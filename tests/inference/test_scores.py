"""Scores against what NumPy and the definitions say."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.inference.scores import as_probabilities, class_scores, number_scores

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 4, 200)
SCORES = RNG.dirichlet(np.ones(4), 200)


def test_classes_by_their_definitions():
    found = class_scores(LABELS, SCORES, "abcd")
    predicted = SCORES.argmax(axis=1)
    assert found["accuracy"] == np.mean(predicted == LABELS)
    for index, row in enumerate(found["per_class"]):
        hits = np.sum((predicted == index) & (index == LABELS))
        precision, recall = hits / np.sum(predicted == index), hits / np.sum(index == LABELS)
        assert row["class"] == "abcd"[index] and row["support"] == np.sum(index == LABELS)
        assert (row["precision"], row["recall"]) == pytest.approx((precision, recall))
        assert row["f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert found["macro"]["f1"] == pytest.approx(np.mean([row["f1"] for row in found["per_class"]]))


def test_the_confusion_matrix_has_labels_in_rows():
    found = class_scores(np.array([0, 0, 1]), np.array([[0.2, 0.8], [0.9, 0.1], [0.4, 0.6]]), "ab")
    assert found["confusion_matrix"] == [[1, 1], [0, 1]]


def test_a_class_that_never_occurs_scores_nothing():
    found = class_scores(np.array([0, 0]), np.array([[0.9, 0.1, 0.0]] * 2), "abc")
    assert found["accuracy"] == 1
    assert [row["f1"] for row in found["per_class"]] == [1, 0, 0]
    assert np.shape(found["confusion_matrix"]) == (3, 3)


def test_one_output_is_the_second_class():
    np.testing.assert_allclose(
        as_probabilities(np.array([[0.2], [1.0]]), from_logits=False), [[0.8, 0.2], [0, 1]]
    )
    logits = np.array([[0.0], [1000.0], [-1000.0]])
    np.testing.assert_allclose(as_probabilities(logits, from_logits=True), [[0.5, 0.5], [0, 1], [1, 0]])


def test_logits_become_probabilities_without_overflow():
    logits = np.array([[1000.0, 999.0, 0.0], [-1e4, -1e4, -1e4]])
    found = as_probabilities(logits, from_logits=True)
    np.testing.assert_allclose(found[0], [1 / (1 + np.exp(-1)), 1 / (1 + np.e), 0], atol=1e-12)
    np.testing.assert_allclose(found[1], 1 / 3)


def test_scores_that_are_no_distribution_are_left_alone():
    np.testing.assert_array_equal(as_probabilities(SCORES * 3, from_logits=False), SCORES * 3)


@pytest.mark.parametrize("shape", [(50,), (50, 1), (50, 3)])
def test_numbers_by_their_definitions(shape):
    truth, noise = RNG.standard_normal(shape), RNG.standard_normal(shape) / 4
    found = number_scores(truth, (truth + noise).reshape(50, -1))
    residual, total = (noise**2).sum(axis=0), ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    assert found["mean_absolute_error"] == pytest.approx(np.abs(noise).mean())
    rmse = np.sqrt((noise.reshape(50, -1) ** 2).mean(axis=0)).mean()
    assert found["root_mean_squared_error"] == pytest.approx(rmse)
    assert found["r2"] == pytest.approx(np.mean(1 - residual / total))


def test_one_number_has_no_r2():
    assert set(number_scores(np.ones(1), np.ones((1, 1)))) == {
        "mean_absolute_error",
        "root_mean_squared_error",
    }
