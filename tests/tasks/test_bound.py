"""Tasks with a loss: targets as it and the metrics need them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.losses_and_metrics import metric_facts
from bigmodel_cli.config.tree import Place
from bigmodel_cli.parts import part_of
from bigmodel_cli.tasks.bound import Bound
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression


def named(name, family):
    return Component(name, family, Place("c.yaml", 1, 1, 1, "", Path()), ())


def task(num_classes, num_outputs=1):
    if num_classes is None:
        return Regression(() if num_outputs == 1 else (num_outputs,))
    return Classification(tuple(f"class_{number}" for number in range(num_classes)))


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
    aim = SimpleNamespace(loss=named(loss, "losses"), model=[named("Dense", "layers")])
    bound = part_of(task(num_classes, num_outputs), Bound).bind((None, num_outputs), aim)
    assert bound.encoding == encoding


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
    bound = part_of(task(None if for_loss == "number" else 2), Bound)
    bound.encoding = for_loss
    assert bound.metric_encoding(metric_facts(named(metric, "metrics"))) == encoding


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

    bound = part_of(task(None if encoding == "number" else 4), Bound)
    encoded = bound.targets(tf.constant(labels)).encoded(encoding)
    assert encoded.dtype.name == dtype
    np.testing.assert_array_equal(encoded.numpy(), expected)
