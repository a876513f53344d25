"""Outputs as probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.scoring.probabilities import are_probabilities, as_numbers, as_scores

RNG = np.random.default_rng(0)
SCORES = RNG.dirichlet(np.ones(4), 200)


def classes(outputs, **how):
    return as_scores(np.array(outputs), Reading(**how))


def test_one_output_is_the_second_class():
    np.testing.assert_allclose(classes([[0.2], [1.0]]), [[0.8, 0.2], [0, 1]])
    logits = [[0.0], [1000.0], [-1000.0]]
    np.testing.assert_allclose(classes(logits, activation="sigmoid"), [[0.5, 0.5], [0, 1], [1, 0]])


def test_scores_around_0_are_decided_by_their_sign():
    scores = classes([[0.4], [-3.0]], are_probabilities=False, threshold=0.0)
    np.testing.assert_array_equal(scores, [[-0.4, 0.4], [3, -3]])
    assert scores.argmax(axis=1).tolist() == [1, 0]
    # Under a loss for numbers, 0.4 is nearer to 0 than to 1.
    assert classes([[0.4], [0.6]], are_probabilities=False).argmax(axis=1).tolist() == [0, 1]


def test_each_of_several_logits_by_itself():
    np.testing.assert_allclose(classes([[0.0, 1000.0]], activation="sigmoid"), [[0.5, 1]])


def test_numbers_are_left_as_they_are_but_logits():
    numbers = np.array([[3.5, -1]], np.float32)
    assert as_numbers(numbers, Reading(are_probabilities=False)) is numbers
    shares = as_numbers(np.zeros((1, 2)), Reading("sigmoid"))
    np.testing.assert_array_equal(shares, [[0.5, 0.5]])


def test_logits_become_probabilities_without_overflow():
    found = classes([[1000.0, 999.0, 0.0], [-1e4, -1e4, -1e4]], activation="softmax")
    np.testing.assert_allclose(found[0], [1 / (1 + np.exp(-1)), 1 / (1 + np.e), 0], atol=1e-12)
    np.testing.assert_allclose(found[1], 1 / 3)


def test_scores_that_are_no_distribution_are_left_alone():
    np.testing.assert_array_equal(classes(SCORES * 3), SCORES * 3)


@pytest.mark.parametrize(
    ("scores", "are"),
    [
        (SCORES, True),
        (SCORES.astype(np.float16), True),
        (SCORES * 1.1, False),
        (np.array([[1.5, -0.5]]), False),
        (np.array([[0.0, 1.0]]), True),
    ],
)
def test_what_is_a_distribution(scores, are):
    assert are_probabilities(scores) is are
