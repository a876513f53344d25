"""Gates on numbers that no evaluation of such labels has: found with their line, before any data is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigmodel_cli.config.measures import said_once, scores_of, split_of, why_unmeasured
from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.language import read_config

NUMBERS = """\
name: n
data: {source: SOURCE}
model: [{Dense: {units: 1}}]
loss: MeanSquaredError
optimizer: Adam
expect:
  GATE: ">= 0.9"
"""
CLASSES = NUMBERS.replace("{units: 1}", "{units: num_classes, activation: softmax}").replace(
    "MeanSquaredError", "CategoricalCrossentropy"
)
NPZ, CSV = (
    "{npz: {path: a.npz, labels: KIND}}",
    "{image_csv: {path: a.csv, image_size: [8, 8], labels: KIND}}",
)
OF_NUMBERS = (
    "there are SPLIT_loss, SPLIT_mean_absolute_error, SPLIT_root_mean_squared_error, SPLIT_r2, "
    "SPLIT_median_absolute_error, SPLIT_max_error"
)


def problem_of(text, source, gate):
    Path("c.yaml").write_text(text.replace("SOURCE", source).replace("GATE", gate))
    with pytest.raises(ConfigError) as caught:
        read_config(Path("c.yaml"), ())
    (problem,) = caught.value.problems
    assert (problem["line"], problem["column"]) == (7, 5 + len(gate))
    return problem


@pytest.mark.parametrize("source", ["diabetes", NPZ, CSV])
@pytest.mark.parametrize(
    ("gate", "split"),
    [
        ("test_accuracy", "test"),
        ("validation_roc_auc", "validation"),
        ("per_class.recall.min", "test"),
        ("test_per_class.f1.cat", "test"),
        ("macro.f1", "test"),
        ("validation_weighted.precision", "validation"),
        ("test_top_3_accuracy", "test"),
        ("accuracy", "test"),
    ],
)
def test_numbers_have_no_such_thing(monkeypatch, tmp_path, source, gate, split):
    monkeypatch.chdir(tmp_path)
    problem = problem_of(NUMBERS, source.replace("KIND", "numbers"), gate)
    assert problem["message"] == f"nothing produces {gate!r}: the labels are numbers"
    assert problem["suggestion"] == OF_NUMBERS.replace("SPLIT", split)


@pytest.mark.parametrize("source", ["digits", NPZ, CSV])
@pytest.mark.parametrize("gate", ["test_r2", "validation_mean_absolute_error", "test_max_error"])
def test_classes_have_no_such_thing(monkeypatch, tmp_path, source, gate):
    monkeypatch.chdir(tmp_path)
    problem = problem_of(CLASSES, source.replace("KIND", "classes"), gate)
    assert problem["message"] == f"nothing produces {gate!r}: the labels are classes"
    assert problem["suggestion"].startswith(f"there are {split_of(gate)}_loss, {split_of(gate)}_accuracy, ")
    assert "error" not in problem["suggestion"].replace("expected_calibration_error", "")


@pytest.mark.parametrize(
    ("text", "source", "gate", "suggestion"),
    [
        (CLASSES, "digits", "test_acuracy", "did you mean test_accuracy?"),
        (NUMBERS, "diabetes", "test_r3", "did you mean test_r2?"),
        (NUMBERS, "diabetes", "test_max_eror", "did you mean test_max_error?"),
        (NUMBERS, "diabetes", "macro.f2", OF_NUMBERS.replace("SPLIT", "test")),
    ],
)
def test_what_is_suggested_exists_there(monkeypatch, tmp_path, text, source, gate, suggestion):
    monkeypatch.chdir(tmp_path)
    problem = problem_of(text, source, gate)
    assert problem["message"] == f"nothing produces {gate!r}"
    assert problem["suggestion"] == suggestion


def test_accuracy_of_numbers_is_never_suggested(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert "accuracy" not in problem_of(NUMBERS, "diabetes", "test_acuracy")["suggestion"]


@pytest.mark.parametrize("gate", ["test_r2", "test_accuracy", "macro.f1", "val_loss"])
def test_what_only_the_data_tells_is_left_to_them(monkeypatch, tmp_path, gate):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(NUMBERS.replace("SOURCE", NPZ.replace("KIND", "auto")).replace("GATE", gate))
    assert read_config(Path("c.yaml"), ()).experiment.expect == {gate: ">= 0.9"}


def test_the_best_of_as_many_as_there_are():
    assert why_unmeasured("test_top_3_accuracy", "classes", 3) == "the labels are 3 classes"
    assert why_unmeasured("test_top_5_accuracy", "classes", 5) == "the labels are 5 classes"
    assert why_unmeasured("test_top_3_accuracy", "classes", 4) is None
    assert why_unmeasured("test_top_3_accuracy", None) is None
    assert "top_3_accuracy" in scores_of("classes") and "top_3_accuracy" not in scores_of("classes", 2)


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ({"loss": 1.0, "r2_score": 0.5000001, "r2": 0.5}, ["loss", "r2"]),
        ({"mae": 158.271, "mean_absolute_error": 158.2710001}, ["mean_absolute_error"]),
        ({"acc": 0.9, "accuracy": 0.9}, ["accuracy"]),
        ({"acc": 0.9, "accuracy": 0.8}, ["acc", "accuracy"]),
        ({"r2_score": 0.5, "r2": 0.51}, ["r2_score", "r2"]),
        ({"loss": 0.5, "r2": 0.5, "mean_absolute_error": 0.5}, ["loss", "r2", "mean_absolute_error"]),
    ],
)
def test_what_is_equal_is_said_once(numbers, shown):
    assert list(said_once(numbers)) == shown
