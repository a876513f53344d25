"""Decision rules: what they change, and how they are chosen."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.scoring.calibration import fit_temperature, fit_threshold
from bigmodel_cli.scoring.classes import probability_losses
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule, rule_from_json

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(4000, 3)) * 2
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)


def test_a_temperature_divides_logits():
    expected = np.exp(LOGITS / 2.5) / np.exp(LOGITS / 2.5).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(DecisionRule(2.5).probabilities(PROBABILITIES), expected, rtol=1e-9)
    assert AS_IT_IS.probabilities(PROBABILITIES) is PROBABILITIES


def test_a_temperature_keeps_the_order():
    softened = DecisionRule(7).probabilities(PROBABILITIES)
    np.testing.assert_array_equal(softened.argmax(axis=1), PROBABILITIES.argmax(axis=1))


def test_certainty_stays_finite():
    found = DecisionRule(3).probabilities(np.array([[1.0, 0.0]]))
    assert np.isfinite(found).all() and found.sum() == pytest.approx(1)


@pytest.mark.slow
def test_the_temperature_of_an_overconfident_model_is_found():
    """Labels are drawn at temperature 2, so that a model that stays at 1 is too sure by that."""
    true = DecisionRule(2).probabilities(PROBABILITIES)
    labels = (RNG.random(4000)[:, None] > true.cumsum(axis=1)).sum(axis=1)
    temperature = fit_temperature(labels, PROBABILITIES)
    assert temperature == pytest.approx(2, rel=0.1)
    loss = {
        t: probability_losses(labels, DecisionRule(t).probabilities(PROBABILITIES))["log_loss"].mean()
        for t in (1, temperature * 0.97, temperature, temperature * 1.03)
    }
    assert min(loss, key=loss.get) == temperature


def test_the_positive_class_is_decided_for_from_its_threshold_on():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.5, 0.29, 0.21], [0.2, 0.7, 0.1], [0.1, 0.3, 0.6]])
    rule = DecisionRule(positive=1, threshold=0.3)
    assert rule.decide(probabilities).tolist() == [1, 0, 1, 1]
    assert rule.ranking(probabilities).tolist() == [[1, 0, 2], [0, 1, 2], [1, 0, 2], [1, 2, 0]]


def test_below_a_high_threshold_the_best_of_the_others_is_decided_for():
    probabilities = np.array([[0.1, 0.8, 0.1], [0.15, 0.55, 0.3]])
    assert DecisionRule(positive=1, threshold=0.9).ranking(probabilities).tolist() == [[0, 1, 2], [2, 1, 0]]


def outcomes(threshold, is_positive, probability):
    chosen = probability >= threshold
    hits = (chosen & is_positive).sum()
    return hits / max(1, chosen.sum()), hits / is_positive.sum()


def every_threshold(is_positive, probability, score):
    return max(score(*outcomes(value, is_positive, probability)) for value in np.unique(probability))


IS_POSITIVE = RNG.random(500) < 0.1
PROBABILITY = np.clip(RNG.normal(0.2 + 0.3 * IS_POSITIVE, 0.15), 0, 1)


@pytest.mark.slow
def test_f1_is_the_best_there_is():
    threshold, _ = fit_threshold(IS_POSITIVE, PROBABILITY, "f1")
    f1 = lambda p, r: 2 * p * r / max(1e-12, p + r)  # noqa: E731
    found = f1(*outcomes(threshold, IS_POSITIVE, PROBABILITY))
    assert found == pytest.approx(every_threshold(IS_POSITIVE, PROBABILITY, f1))
    assert found > f1(*outcomes(0.5, IS_POSITIVE, PROBABILITY))


@pytest.mark.slow
def test_balanced_accuracy_is_the_best_there_is():
    threshold, _ = fit_threshold(IS_POSITIVE, PROBABILITY, "balanced_accuracy")
    found = [
        ((PROBABILITY[IS_POSITIVE] >= t).mean() + (PROBABILITY[~IS_POSITIVE] < t).mean()) / 2
        for t in (threshold, *np.unique(PROBABILITY))
    ]
    assert found[0] == pytest.approx(max(found))


@pytest.mark.slow
@pytest.mark.parametrize("bound", ["0.7", "70%"])
def test_a_bound_of_precision_gives_the_most_recall(bound):
    threshold, reached = fit_threshold(IS_POSITIVE, PROBABILITY, f"precision >= {bound}")
    precision, recall = outcomes(threshold, IS_POSITIVE, PROBABILITY)
    assert reached and precision >= 0.7
    best = every_threshold(IS_POSITIVE, PROBABILITY, lambda p, r: r if p >= 0.7 else 0)
    assert recall == pytest.approx(best)


@pytest.mark.slow
def test_a_bound_of_recall_gives_the_most_precision():
    threshold, reached = fit_threshold(IS_POSITIVE, PROBABILITY, "recall >= 0.95")
    precision, recall = outcomes(threshold, IS_POSITIVE, PROBABILITY)
    assert reached and recall >= 0.95
    best = every_threshold(IS_POSITIVE, PROBABILITY, lambda p, r: p if r >= 0.95 else 0)
    assert precision == pytest.approx(best)


@pytest.mark.slow
def test_a_bound_that_nothing_reaches():
    is_positive = np.array([True, False, True, False])
    threshold, reached = fit_threshold(is_positive, np.array([0.2, 0.9, 0.4, 0.5]), "precision >= 0.9")
    assert not reached and 0 <= threshold <= 0.9


@pytest.mark.slow
def test_a_threshold_lies_between_two_probabilities():
    is_positive, probability = np.array([False, False, True, True]), np.array([0.1, 0.2, 0.6, 0.8])
    assert fit_threshold(is_positive, probability, "f1") == (pytest.approx(0.4), True)


def test_json_there_and_back():
    rule = DecisionRule(1.5, 1, 0.25)
    assert rule_from_json(rule.as_json(("ham", "spam")), ("ham", "spam")) == rule
    assert rule.as_json(("ham", "spam"))["positive"] == "spam"


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"temperature": 1, "positive": "tuna", "threshold": 0.5},
        {"temperature": "x", "positive": None, "threshold": None},
        {"temperature": 0, "positive": None, "threshold": None},
    ],
)
def test_what_is_no_rule(value):
    with pytest.raises(DataError, match=r"decision\.json"):
        rule_from_json(value, ("ham", "spam"))
