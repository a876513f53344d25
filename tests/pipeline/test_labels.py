"""Labels as losses and metrics need them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.losses_and_metrics import loss_facts, metric_facts
from bigmodel_cli.config.tree import Place
from bigmodel_cli.pipeline.labels import encode, loss_encoding, metric_encoding


def named(name, family):
    return Component(name, family, Place("c.yaml", 1, 1, 1, "", Path()), ())


@pytest.mark.parametrize(
    ("loss", "num_classes", "num_outputs", "encoding"),
    [
        ("CategoricalCrossentropy", 10, 10, "one_hot"),
        ("categorical_crossentropy", 10, 10, "one_hot"),
        ("CategoricalFocalCrossentropy", 2, 2, "one_hot"),
        ("SparseCategoricalCrossentropy", 10, 10, "integer"),
        ("sparse_categorical_crossentropy", 10, 10, "integer"),
        ("BinaryCrossentropy", 2, 1, "binary"),
        ("Hinge", 2, 1, "binary"),
        ("BinaryCrossentropy", 3, 3, "one_hot"),
        ("MeanSquaredError", None, 1, "number"),
        ("MeanSquaredError", None, 3, "number"),
        ("MeanSquaredError", 4, 4, "one_hot"),
        ("CategoricalGeneralizedCrossEntropy", 4, 4, "integer"),
    ],
)
def test_what_a_loss_takes(loss, num_classes, num_outputs, encoding):
    assert loss_encoding(loss_facts(named(loss, "losses")), num_classes, num_outputs) == encoding


@pytest.mark.parametrize(
    ("metric", "for_loss", "encoding"),
    [
        ("F1Score", "one_hot", "one_hot"),
        ("F1Score", "integer", "one_hot"),
        ("SparseTopKCategoricalAccuracy", "one_hot", "integer"),
        ("sparse_categorical_accuracy", "integer", "integer"),
        ("AUC", "binary", "binary"),
        ("MeanIoU", "one_hot", "integer"),
        ("OneHotMeanIoU", "integer", "one_hot"),
        ("MeanAbsoluteError", "number", "number"),
        ("SparseCategoricalAccuracy", "binary", "binary"),
    ],
)
def test_what_a_metric_takes_beside_a_loss(metric, for_loss, encoding):
    assert metric_encoding(metric_facts(named(metric, "metrics")), for_loss) == encoding


CLASSES = np.array([2, 0, 1], np.int32)


@pytest.mark.tf
@pytest.mark.parametrize(
    ("labels", "encoding", "dtype", "expected"),
    [
        (CLASSES, "integer", "int32", [2, 0, 1]),
        (CLASSES, "one_hot", "float32", [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]]),
        (CLASSES % 2, "binary", "float32", [[0], [0], [1]]),
        (np.array([0.5, 2], np.float32), "number", "float32", [[0.5], [2]]),
        (np.array([[0.5, 2]], np.float32), "number", "float32", [[0.5, 2]]),
        (np.ones((1, 2, 2), np.float64), "number", "float32", [[[1, 1], [1, 1]]]),
    ],
)
def test_encoding_a_batch(labels, encoding, dtype, expected):
    import tensorflow as tf

    encoded = encode(tf.constant(labels), encoding, 4)
    assert encoded.dtype.name == dtype
    np.testing.assert_array_equal(encoded.numpy(), expected)
