"""Gates on numbers that no evaluation of such labels has: found with their line, before any data is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bigmodel_cli.config.group_measures import (
    better_of_group_path,
    columns_of_gates,
    is_by_group,
    is_group_path,
)
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


@pytest.mark.parametrize(
    ("text", "source", "gate", "says", "suggests"),
    [
        (NUMBERS, "diabetes", "by.sex.recall.gap", "the labels are numbers", None),
        (NUMBERS, "diabetes", "by.sex.f.accuracy", "the labels are numbers", None),
        (NUMBERS, "diabetes", "by.sex.equalized_odds_ratio", "the labels are numbers", None),
        (CLASSES, "digits", "by.sex.mean_error.gap", "the labels are classes", None),
        (CLASSES, "digits", "by.sex.f.r2", "the labels are classes", None),
        (CLASSES, "digits", "by.sex.recal.gap", "by.sex.recal.gap", "by.COLUMN.recall.gap"),
        (CLASSES, "digits", "by.sex", "by.sex", "by.COLUMN.GROUP.accuracy"),
        (CLASSES, "digits", "test_by.recall.gap", "by.recall.gap", "by.COLUMN.demographic_parity_difference"),
    ],
)
def test_gates_on_groups_that_cannot_be(monkeypatch, tmp_path, text, source, gate, says, suggests):
    monkeypatch.chdir(tmp_path)
    problem = problem_of(text, source, gate)
    assert f"nothing produces {gate!r}" in problem["message"] and says in problem["message"]
    assert (suggests is None) == (problem["suggestion"] is None)
    assert suggests is None or suggests in problem["suggestion"]


@pytest.mark.parametrize(
    ("text", "source", "gate"),
    [
        (NUMBERS, "diabetes", "by.sex.mean_absolute_error.max"),
        (NUMBERS, "diabetes", "by.a b.q1.mean_error"),
        (CLASSES, "digits", "by.sex.f.accuracy"),
        (CLASSES, "digits", "test_by.sex.macro.f1.gap"),
        (CLASSES, "digits", "by.sex.per_class.recall.7.ratio"),
        (CLASSES, "digits", "by.a.b.selection_rate.gap"),
        (CLASSES, "digits", "by.sex.equalized_odds_difference"),
    ],
)
def test_gates_on_groups(monkeypatch, tmp_path, text, source, gate):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(text.replace("SOURCE", source).replace("GATE", gate))
    assert list(read_config(Path("c.yaml"), ()).experiment.expect) == [gate]


@pytest.mark.parametrize(
    ("gate", "column", "better"),
    [
        ("by.sex.recall.gap", "sex", "min"),
        ("by.sex.recall.ratio", "sex", "max"),
        ("by.sex.recall.min", "sex", "max"),
        ("by.sex.log_loss.max", "sex", "min"),
        ("by.sex.f.false_positive_rate", "sex", "min"),
        ("by.sex.f.selection_rate", "sex", None),
        ("by.sex.f.macro.f1", "sex", "max"),
        ("by.sex.f.per_class.recall.cat", "sex", "max"),
        ("by.a.b.recall.gap", "a.b", "min"),
        ("by.a.b.equal_opportunity_ratio", "a.b", "max"),
        # A group may be called anything.
        ("by.a.b.accuracy", "a", "max"),
        ("test_by.city.recall.accuracy", "city", "max"),
        ("validation_by.age.q1.r2", "age", "max"),
    ],
)
def test_what_a_gate_on_groups_is_about(gate, column, better):
    assert is_by_group(gate) and is_group_path(gate)
    assert columns_of_gates([gate, gate, "test_accuracy"]) == [column]
    assert better_of_group_path(gate) == better
