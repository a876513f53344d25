"""Names that gates use."""

from __future__ import annotations

import pytest

from bigmodel_cli.config.measures import class_of_measure, is_measure_path
from bigmodel_cli.scoring.names import gated_values, measures

DOCUMENT = {
    "split": "test",
    "metrics": {"loss": 0.5, "accuracy": 0.75},
    "scores": {"roc_auc": 0.9},
    "macro": {"precision": 0.7, "recall": 0.65, "f1": 0.6},
    "weighted": {"precision": 0.72, "recall": 0.75, "f1": 0.7},
    "per_class": [
        {"class": "cat", "precision": 0.5, "recall": 0.4, "f1": 0.44, "support": 5, "roc_auc": None},
        {"class": "a.b", "precision": 0.9, "recall": 0.9, "f1": 0.9, "support": 5, "roc_auc": 0.8},
    ],
}


def test_every_number_has_a_name():
    found = measures(DOCUMENT)
    assert found["accuracy"] == 0.75 and found["macro.f1"] == 0.6 and found["weighted.recall"] == 0.75
    assert found["per_class.recall.min"] == 0.4 and found["per_class.recall.mean"] == pytest.approx(0.65)
    assert found["per_class.precision.a.b"] == 0.9 and found["per_class.roc_auc.max"] == 0.8
    assert "per_class.roc_auc.cat" not in found


def test_gates_name_the_split_or_have_a_dot():
    found = gated_values(DOCUMENT)
    assert found["test_accuracy"] == 0.75 and found["test_per_class.recall.min"] == 0.4
    assert found["per_class.recall.min"] == 0.4 and "accuracy" not in found


@pytest.mark.parametrize(
    ("name", "is_path", "about"),
    [
        ("per_class.recall.min", True, None),
        ("test_per_class.recall.cat", True, "cat"),
        ("per_class.f1.a.b c", True, "a.b c"),
        ("macro.f1", True, None),
        ("validation_weighted.recall", True, None),
        ("macro.f2", False, None),
        ("per_class.recall", False, None),
        ("per_class.support.min", False, None),
        ("test_accuracy", False, None),
    ],
)
def test_paths(name, is_path, about):
    assert is_measure_path(name) is is_path
    assert class_of_measure(name) == about
