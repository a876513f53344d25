"""Scores of classes against their definitions, each computed here with NumPy alone."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.scoring.classes import class_scores

# scikit-learn takes a second to be imported.
pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 4, 200)
# Better than chance, so that the scores differ.
SCORES = RNG.dirichlet(np.ones(4), 200) * 0.6 + 0.4 * np.eye(4)[np.where(RNG.random(200) < 0.7, LABELS, 0)]
PREDICTED = SCORES.argmax(axis=1)


def scored(labels=LABELS, scores=SCORES, names="abcd", predicted=None):
    scores = np.asarray(scores, float)
    predicted = scores.argmax(axis=1) if predicted is None else predicted
    return class_scores(np.asarray(labels), predicted, scores, tuple(names), seed=0)


def recall_of(index, labels=LABELS, predicted=PREDICTED):
    return np.mean(predicted[labels == index] == index)


def test_precision_recall_f1_and_their_means():
    found = scored()
    assert found.headline == {"accuracy": np.mean(PREDICTED == LABELS)}
    rows = found.details["per_class"]
    for index, row in enumerate(rows):
        hits = np.sum((index == PREDICTED) & (index == LABELS))
        precision, recall = hits / np.sum(index == PREDICTED), hits / np.sum(index == LABELS)
        assert row["class"] == "abcd"[index] and row["support"] == np.sum(index == LABELS)
        assert (row["precision"], row["recall"]) == pytest.approx((precision, recall))
        assert row["f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    support = np.bincount(LABELS)
    for name in ("precision", "recall", "f1"):
        column = np.array([row[name] for row in rows])
        assert found.details["macro"][name] == pytest.approx(column.mean())
        assert found.details["weighted"][name] == pytest.approx((column * support).sum() / support.sum())
    assert found.others["balanced_accuracy"] == pytest.approx(np.mean([recall_of(i) for i in range(4)]))


def test_top_k():
    ranks = (SCORES[np.arange(200), LABELS][:, None] < SCORES).sum(axis=1)
    assert scored().others["top_3_accuracy"] == pytest.approx(np.mean(ranks < 3))
    # The best 5 of 4 classes always hold the right one.
    assert "top_5_accuracy" not in scored().others


def test_areas_are_shares_of_pairs_in_the_right_order():
    found = scored()
    for index, row in enumerate(found.details["per_class"]):
        inside, outside = SCORES[index == LABELS, index], SCORES[index != LABELS, index]
        larger = (inside[:, None] > outside).mean() + (inside[:, None] == outside).mean() / 2
        assert row["roc_auc"] == pytest.approx(larger)
        order = np.argsort(-SCORES[:, index])
        hits = LABELS[order] == index
        precision = np.cumsum(hits) / np.arange(1, 201)
        assert row["average_precision"] == pytest.approx(precision[hits].mean())
    for name in ("roc_auc", "average_precision"):
        assert found.others[name] == pytest.approx(np.mean([r[name] for r in found.details["per_class"]]))


def test_of_two_classes_the_second_one_has_the_areas_and_half_the_brier_score():
    labels, positive = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9])
    found = scored(labels, np.stack([1 - positive, positive], axis=1), "no")
    assert found.others["roc_auc"] == 0.75
    assert found.others["brier_score"] == pytest.approx(np.mean((positive - labels) ** 2))
    assert found.others["average_precision"] == pytest.approx((1 + 2 / 3) / 2)


def test_losses_of_probabilities():
    others = scored().others
    assert others["log_loss"] == pytest.approx(-np.log(SCORES[np.arange(200), LABELS]).mean())
    assert others["brier_score"] == pytest.approx(((SCORES - np.eye(4)[LABELS]) ** 2).sum(axis=1).mean())


def test_calibration_error_by_hand():
    found = scored()
    confidence, right = SCORES.max(axis=1), PREDICTED == LABELS
    error = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence >= low) & (confidence < low + 1 / 15)
        if inside.any():
            error += inside.sum() * abs(confidence[inside].mean() - right[inside].mean())
    assert found.others["expected_calibration_error"] == pytest.approx(error / 200)
    assert sum(row["examples"] for row in found.details["reliability"]) == 200


def test_a_probability_of_one_is_in_the_last_bin():
    found = scored([0, 1], np.eye(2), "no")
    assert found.details["reliability"] == [
        {"from": 14 / 15, "to": 1.0, "examples": 2, "confidence": 1.0, "accuracy": 1.0}
    ]


def test_a_certain_mistake_is_no_infinite_loss():
    assert scored([1, 1], [[1.0, 0.0], [0.5, 0.5]], "no").others["log_loss"] == pytest.approx(
        (-np.log(1e-15) - np.log(0.5)) / 2
    )


def test_scores_that_are_no_probabilities_have_no_losses():
    found = scored(scores=SCORES * 3)
    assert not {"log_loss", "brier_score", "expected_calibration_error"} & {*found.others}
    assert "reliability" not in found.details
    assert set(found.intervals) == {"accuracy", "balanced_accuracy", "macro.f1"}
    assert found.others["roc_auc"] == scored().others["roc_auc"]


def test_the_confusion_matrix_has_labels_in_rows():
    found = scored([0, 0, 1], [[0.2, 0.8], [0.9, 0.1], [0.4, 0.6]], "ab")
    assert found.details["confusion_matrix"] == [[1, 1], [0, 1]]
    assert found.details["confusion_matrix_normalized"] == [[0.5, 0.5], [0, 1]]


def test_a_class_that_never_occurs():
    found = scored([0, 0, 1], [[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.2, 0.8, 0.0]], "abc")
    assert found.headline["accuracy"] == 1
    assert [row["f1"] for row in found.details["per_class"]] == [1, 1, 0]
    assert [row["roc_auc"] for row in found.details["per_class"]] == [1, 1, None]
    # scikit-learn, too, takes the mean over the classes that occur.
    assert found.others["balanced_accuracy"] == 1 and found.others["roc_auc"] == 1
    assert found.details["confusion_matrix_normalized"][2] == [0, 0, 0]
    assert [curve["class"] for curve in found.details["curves"]["roc"]] == ["a", "b"]


def test_one_class_alone_has_no_areas():
    found = scored([0, 0], [[0.9, 0.1], [0.8, 0.2]], "no")
    assert "roc_auc" not in found.others
    assert found.details["curves"] == {"roc": [], "precision_recall": []}


def test_decisions_that_are_not_the_most_probable_class():
    decided = np.where(SCORES[:, 2] > 0.2, 2, PREDICTED)
    found = scored(predicted=decided)
    assert found.headline["accuracy"] == np.mean(decided == LABELS)
    assert found.details["per_class"][2]["recall"] == recall_of(2, predicted=decided)
    assert found.others["log_loss"] == scored().others["log_loss"]


def test_curves_are_thin_and_enclose_their_area():
    labels = RNG.integers(0, 2, 5000)
    positive = np.clip(RNG.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    found = scored(labels, np.stack([1 - positive, positive], axis=1), ("no", "yes"))
    (_, roc), (_, recall) = found.details["curves"]["roc"], found.details["curves"]["precision_recall"]
    assert (roc["class"], len(roc["x"])) == ("yes", 200)
    assert (roc["x"][0], roc["y"][0], roc["x"][-1], roc["y"][-1]) == (0, 0, 1, 1)
    assert np.trapezoid(roc["y"], roc["x"]) == pytest.approx(found.others["roc_auc"], abs=2e-3)
    assert roc["area"] == found.others["roc_auc"]
    assert recall["x"] == sorted(recall["x"]) and recall["x"][-1] == 1
    assert np.trapezoid(recall["y"], recall["x"]) == pytest.approx(recall["area"], abs=5e-3)


def test_of_many_classes_the_worst_curves_are_kept():
    labels = np.repeat(np.arange(30), 10)
    scores = RNG.dirichlet(np.ones(30), 300)
    found = scored(labels, scores, [f"class {number}" for number in range(30)])
    shown = {curve["class"] for curve in found.details["curves"]["roc"]}
    rows = sorted(found.details["per_class"], key=lambda row: row["roc_auc"])
    assert shown == {row["class"] for row in rows[:10]}


def test_more_classes_than_can_be_sorted_for_have_no_areas():
    scores = RNG.dirichlet(np.ones(201), 400)
    found = scored(RNG.integers(0, 201, 400), scores, [str(number) for number in range(201)])
    assert "roc_auc" not in found.others and "roc_auc" not in found.details["per_class"][0]
    assert {"top_3_accuracy", "top_5_accuracy", "log_loss"} <= {*found.others}
