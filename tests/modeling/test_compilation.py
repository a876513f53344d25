"""What metrics get: labels in their own encoding, and probabilities where they take such."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tf

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(40, 1)).astype(np.float32) * 2
TWO = (np.arange(40) % 3 > 0).astype(np.int64)
# As close as float32 and thresholds between two values allow.
CLOSE = 1e-5


def measured(build, loss, metrics, outputs, labels, units, classes, activation="linear"):
    """Metrics by name of given outputs, as training measures them."""
    import tensorflow as tf

    from bigmodel_cli.inference.steps import Measures

    head = f"  - Dense: {{units: {units}, activation: {activation}}}\n"
    more = f"metrics: [{metrics}]\n"
    built = build(head, more, loss=loss, classes=classes, shape=(4,), dtype="float32")
    measures = Measures(built.tasks)
    targets = built.tasks.targets({"label": tf.constant(labels.astype(np.int32))})
    measures.update(tf.constant(0.0), targets, built.tasks.outputs(tf.constant(outputs)))
    results = measures.results()
    del results["loss"]
    return results


PROBABILITIES = (
    "accuracy, crossentropy, AUC, Precision, Recall, BinaryAccuracy, BinaryCrossentropy, BinaryIoU, "
    "{F1Score: {threshold: 0.5}}, {FBetaScore: {threshold: 0.4}}, TruePositives, FalseNegatives, "
    "{PrecisionAtRecall: {recall: 0.5}}, {SensitivityAtSpecificity: {specificity: 0.5}}, mse, "
    "MeanAbsoluteError, {Precision: {thresholds: 0.7, name: sure}}"
)


@pytest.mark.parametrize("loss", ["BinaryCrossentropy", "BinaryFocalCrossentropy"])
def test_metrics_over_probabilities_get_them_from_logits(build, loss):
    of_logits = measured(build, f"{{{loss}: {{from_logits: true}}}}", PROBABILITIES, LOGITS, TWO, 1, 2)
    probabilities = 1 / (1 + np.exp(-LOGITS))
    expected = measured(build, loss, PROBABILITIES, probabilities, TWO, 1, 2, "sigmoid")
    assert of_logits == pytest.approx(expected, abs=CLOSE)


SEVERAL = (
    "accuracy, AUC, Precision, {Recall: {class_id: 1}}, CategoricalAccuracy, SparseCategoricalAccuracy, "
    "CategoricalCrossentropy, SparseCategoricalCrossentropy, KLDivergence, F1Score, mse, "
    "{MeanIoU: {num_classes: num_classes, sparse_y_pred: false}}, "
    "{OneHotMeanIoU: {num_classes: num_classes}}, "
    "{TopKCategoricalAccuracy: {k: 2}}"
)


@pytest.mark.parametrize("loss", ["CategoricalCrossentropy", "SparseCategoricalCrossentropy"])
def test_so_do_metrics_over_several_classes(build, loss):
    logits = RNG.normal(size=(40, 3)).astype(np.float32) * 3
    labels = np.arange(40) % 3
    of_logits = measured(build, f"{{{loss}: {{from_logits: true}}}}", SEVERAL, logits, labels, 3, 3)
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    expected = measured(build, loss, SEVERAL, probabilities, labels, 3, 3, "softmax")
    assert of_logits == pytest.approx(expected, abs=CLOSE)
    share = pytest.approx(np.mean(logits.argmax(axis=1) == labels))
    assert of_logits["accuracy"] == of_logits["categorical_accuracy"] == share


def test_a_metric_that_takes_logits_gets_them(build):
    metrics = "{AUC: {from_logits: true}}, {BinaryCrossentropy: {from_logits: true}}, {AUC: {name: same}}"
    found = measured(build, "{BinaryCrossentropy: {from_logits: true}}", metrics, LOGITS, TWO, 1, 2)
    assert found["auc"] == pytest.approx(found["same"], abs=CLOSE)
    expected = np.mean(np.logaddexp(0, LOGITS[:, 0]) - TWO * LOGITS[:, 0])
    assert found["binary_crossentropy"] == pytest.approx(expected, rel=1e-4)


def test_a_threshold_for_logits_is_still_one(build):
    """Who had written 0 meant logits: of probabilities all are larger."""
    metrics = "{Precision: {thresholds: 0}}, {Precision: {name: plain}}"
    found = measured(build, "{BinaryCrossentropy: {from_logits: true}}", metrics, LOGITS, TWO, 1, 2)
    assert found["precision"] == pytest.approx(found["plain"]) == TWO[LOGITS[:, 0] > 0].mean()


@pytest.mark.parametrize("loss", ["Hinge", "SquaredHinge"])
def test_scores_around_0_are_decided_where_the_loss_decides(build, loss):
    decided = LOGITS[:, 0] > 0
    metrics = "accuracy, BinaryAccuracy, Precision, Recall, Hinge, {Recall: {thresholds: 0, name: own}}"
    found = measured(build, loss, metrics, LOGITS, TWO, 1, 2)
    assert found["accuracy"] == found["binary_accuracy"] == pytest.approx(np.mean(decided == TWO))
    assert found["precision"] == pytest.approx(TWO[decided].mean())
    assert found["recall"] == found["own"] == pytest.approx(decided[TWO == 1].mean())
    assert found["hinge"] == pytest.approx(np.maximum(0, 1 - (2 * TWO - 1) * LOGITS[:, 0]).mean(), rel=1e-5)


def test_numbers_are_decided_half_way(build):
    scores = LOGITS / 4 + 0.5
    found = measured(build, "MeanSquaredError", "accuracy, mae", scores, TWO, 1, 2)
    assert found["accuracy"] == pytest.approx(np.mean((scores[:, 0] > 0.5) == TWO))
    assert found["mae"] == pytest.approx(np.abs(scores[:, 0] - TWO).mean(), rel=1e-5)


def test_the_one_output_loss_of_indices_takes_indices(build):
    """Keras's CategoricalGeneralizedCrossEntropy takes numbers of classes, whatever its name says."""
    built = build(
        "  - Dense: {units: 3, activation: softmax}\n",
        loss="CategoricalGeneralizedCrossEntropy",
        classes=3,
        shape=(4,),
        dtype="float32",
    )
    assert built.tasks.bound["label"].encoding == "integer"
