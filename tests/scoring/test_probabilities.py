"""Outputs as probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.scoring.probabilities import are_probabilities, as_probabilities

RNG = np.random.default_rng(0)
SCORES = RNG.dirichlet(np.ones(4), 200)


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
