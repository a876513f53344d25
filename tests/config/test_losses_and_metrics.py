"""What is known of Keras's losses and metrics, against the installed Keras."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.losses_and_metrics import LOSSES, METRICS, metric_facts
from bigmodel_cli.config.naming import direction, directions
from bigmodel_cli.config.tree import Place

FAMILIES = {"losses": LOSSES, "metrics": METRICS}


def metric(of: str, **arguments: Any) -> Component:
    return Component(of, "metrics", Place("c.yaml", 1, 1, 1, "", Path()), (), arguments)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_loss_and_metric_of_the_catalogue_is_known(family: str) -> None:
    assert set(FAMILIES[family]) == {entry.name for entry in load_catalogue().entries(family)}


@pytest.mark.tf
@pytest.mark.parametrize("family", FAMILIES)
def test_every_loss_and_metric_of_the_installed_keras_is_known(family: str) -> None:
    import keras

    base = keras.losses.Loss if family == "losses" else keras.metrics.Metric
    classes = {
        member.__name__
        for _, member in inspect.getmembers(getattr(keras, family), inspect.isclass)
        if issubclass(member, base) and member is not base
    }
    assert classes == set(FAMILIES[family])


REQUIRED: dict[str, dict[str, Any]] = {
    "IoU": {"num_classes": 3, "target_class_ids": [0, 1, 2]},
    "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 1, 2]},
    "OneHotMeanIoU": {"num_classes": 3},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.8},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "TopKCategoricalAccuracy": {"k": 1},
    "SparseTopKCategoricalAccuracy": {"k": 1},
}
# For scores that are compared: what makes them so.
SCORES = {"IoU": {"sparse_y_pred": False}, "MeanIoU": {"sparse_y_pred": False}}
LABELS = np.array([0, 1, 2, 1, 0, 2, 2, 1])
WRONG = np.array([1, 2, 0, 0, 2, 1, 0, 2])
MEASURING = sorted(name for name, facts in METRICS.items() if facts.outputs != "values")


def measured(name: str, given: np.ndarray, **arguments: Any) -> float:
    """Of probabilities that are sure of given classes; labels are encoded as the table says."""
    import keras

    facts = metric_facts(metric(name, **arguments))
    found = getattr(keras.metrics, name)(**{**REQUIRED.get(name, {}), **arguments})
    outputs = np.eye(3, dtype="float32")[given] * 0.9 + 1 / 30
    if facts.outputs == "indices":
        found.update_state(LABELS, given)
    else:
        labels = LABELS if facts.takes_indices else np.eye(3, dtype="float32")[LABELS]
        found.update_state(labels, outputs)
    return float(np.mean(found.result()))


@pytest.mark.tf
@pytest.mark.parametrize("name", MEASURING)
def test_a_right_model_has_the_better_value_of_every_metric(name: str) -> None:
    arguments = SCORES.get(name, {})
    right, wrong = measured(name, LABELS, **arguments), measured(name, WRONG, **arguments)
    assert (right > wrong) == (METRICS[name].better == "max"), (right, wrong)
    assert METRICS[name].low - 1e-6 <= min(right, wrong) <= max(right, wrong) <= METRICS[name].high + 1e-6


@pytest.mark.tf
@pytest.mark.parametrize(
    "name", [n for n in MEASURING if not METRICS[n].needs_several and METRICS[n].outputs != "indices"]
)
def test_what_needs_one_output_tells_a_right_model_from_a_wrong_one(name: str) -> None:
    import keras

    labels = np.array([[0], [1], [1], [0], [1]], np.float32)
    values = []
    for outputs in (0.9 * labels + 0.05, 0.95 - 0.9 * labels):
        made = getattr(keras.metrics, name)(**REQUIRED.get(name, {}))
        made.update_state(labels, outputs)
        values.append(float(np.mean(made.result())))
    assert (values[0] > values[1]) == (METRICS[name].better == "max") and values[0] != values[1]


RUN = [
    metric("MeanAbsoluteError", name="f1_time_mae"),
    metric("Precision", name="loss_of_precision"),
    metric("AUC", name="terror"),
    metric("Precision", class_id=1, name="rare"),
]


@pytest.mark.parametrize(
    ("column", "better"),
    [
        ("val_loss", "min"),
        ("loss", "min"),
        ("val_accuracy", "max"),
        ("val_f1_score", "max"),
        ("val_top_k_categorical_accuracy", "max"),
        ("val_mean_absolute_error", "min"),
        ("r2_score", "max"),
        ("val_auc", "max"),
        ("test_mae", "min"),
        ("validation_false_positives", "min"),
        ("train_binary_io_u", "max"),
        # What the config calls them, by their classes.
        ("val_f1_time_mae", "min"),
        ("val_loss_of_precision", "max"),
        ("test_terror", "max"),
        ("rare", "max"),
        # What evaluations measure.
        ("test_brier_score", "min"),
        ("test_roc_auc", "max"),
        ("expected_calibration_error", "min"),
        ("max_error", "min"),
        ("r2", "max"),
        ("macro.f1", "max"),
        ("test_weighted.precision", "max"),
        ("per_class.recall.min", "max"),
        # A class may be called anything.
        ("per_class.recall.loss", "max"),
        ("per_class.precision.mean.absolute.error", "max"),
    ],
)
def test_direction(column: str, better: str) -> None:
    assert direction(column, directions(RUN)) == better


@pytest.mark.parametrize(
    ("column", "better"),
    [
        ("val_vaccine_loss", "min"),
        ("val_accident_mean_squared_error", "min"),
        ("val_f1_time_mae", "min"),
        ("terror_accuracy", "max"),
        ("precision_1", "max"),
        ("val_recall_of_loss_makers", "min"),
        ("losses", "min"),
        ("anything", "min"),
    ],
)
def test_direction_of_names_that_only_old_runs_have(column: str, better: str) -> None:
    assert direction(column) == better


@pytest.mark.parametrize(
    ("given", "outputs", "needs_several", "takes_indices"),
    [
        (metric("F1Score"), "ranks", True, False),
        (metric("F1Score", threshold=0.5), "probabilities", False, False),
        (metric("FBetaScore", threshold=0.3), "probabilities", False, False),
        (metric("MeanIoU", num_classes=3), "indices", True, True),
        (metric("MeanIoU", num_classes=3, sparse_y_pred=False), "ranks", True, True),
        (metric("IoU", sparse_y_pred=False, sparse_y_true=False), "ranks", True, False),
        (metric("OneHotMeanIoU"), "ranks", True, False),
        (metric("OneHotIoU", sparse_y_pred=True), "indices", True, False),
        (metric("Precision"), "probabilities", False, False),
        (metric("Recall", top_k=2), "ranks", True, False),
        (metric("SparseTopKCategoricalAccuracy", from_sorted_ids=True), "indices", True, True),
        (metric("PearsonCorrelation"), "numbers", True, False),
        (metric("PearsonCorrelation", axis=0), "numbers", False, False),
        (metric("mse"), "numbers", False, False),
        (metric("accuracy"), "probabilities", False, False),
        (metric("sparse_categorical_accuracy"), "ranks", True, True),
    ],
    ids=lambda value: f"{value.name} {dict(value.arguments)}" if isinstance(value, Component) else None,
)
def test_arguments_change_what_a_metric_takes(
    given: Component, outputs: str, needs_several: bool, takes_indices: bool
) -> None:
    facts = metric_facts(given)
    assert (facts.outputs, facts.needs_several, facts.takes_indices) == (
        outputs,
        needs_several,
        takes_indices,
    )
