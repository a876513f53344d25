"""Evaluation: numbers against NumPy, files that agree, and data that is not what the model learnt from."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.evaluate import Request, evaluate_run, load_splits
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.run_lock import record_files

pytestmark = pytest.mark.tf


class Noting(Silent):
    def __init__(self):
        self.warnings = []

    def warn(self, message):
        self.warnings.append(message)


def evaluate(run, split=None, listener=None):
    opened, listener = open_folder(run), listener or Silent()
    return evaluate_run(opened, Request(split, offline=True), listener).evaluation


def held_out(result, split="test"):
    examples = load_splits(read_config(result.run.config).experiment, Silent(), offline=True).parts[split]
    return examples.features, examples.labels


def test_classes_against_numpy(classes):
    features, labels = held_out(classes)
    probabilities = load_checkpoint(classes.run, "best").predict(features, verbose=0)
    metrics = evaluate(classes.run).metrics
    chosen = probabilities[np.arange(len(labels)), labels]
    assert metrics["loss"] == pytest.approx(-np.log(chosen).mean(), rel=1e-5)
    assert metrics["accuracy"] == np.mean(probabilities.argmax(axis=1) == labels)
    best_two = np.argsort(-probabilities, axis=1)[:, :2]
    assert metrics["top_k_categorical_accuracy"] == pytest.approx(
        (best_two == labels[:, None]).any(axis=1).mean()
    )


def test_numbers_against_numpy(numbers):
    features, labels = held_out(numbers)
    errors = load_checkpoint(numbers.run, "best").predict(features, verbose=0) - labels
    metrics = evaluate(numbers.run).metrics
    assert metrics["loss"] == pytest.approx((errors**2).mean(), rel=1e-5)
    assert metrics["mean_absolute_error"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
    assert metrics["r2"] == pytest.approx(
        (1 - (errors**2).sum(axis=0) / ((labels - labels.mean(axis=0)) ** 2).sum(axis=0)).mean(), rel=1e-5
    )


def test_macro_f1_is_that_of_the_report(classes):
    evaluation = evaluate(classes.run)
    assert evaluation.metrics["f1_score"] == pytest.approx(evaluation.scores.details["macro"]["f1"], rel=1e-5)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_the_json_and_the_csv_say_the_same(classes, split):
    evaluation = evaluate(classes.run, split)
    document = json.loads(classes.run.evaluation(split).read_text())
    assert document["metrics"] == pytest.approx(evaluation.metrics)
    with classes.run.predictions(split).open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["example", "label", "prediction", "score_ape", "score_bee", "score_cat"]
    assert len(rows) == document["examples"] == {"train": 120, "validation": 15, "test": 15}[split]
    names = ["ape", "bee", "cat"]
    matrix = np.zeros((3, 3), int)
    for row in rows:
        matrix[names.index(row["label"]), names.index(row["prediction"])] += 1
        assert max(names, key=lambda name: float(row[f"score_{name}"])) == row["prediction"]
    assert matrix.tolist() == document["confusion_matrix"]
    assert document["metrics"]["accuracy"] == pytest.approx(matrix.trace() / matrix.sum())


def test_the_csv_names_each_example_by_its_place_in_the_data(classes):
    evaluate(classes.run)
    labels = np.load(classes.run.path.parents[2] / "data.npz")["y"]
    with classes.run.predictions("test").open() as file:
        for row in csv.DictReader(file):
            position = int(row["example"].removeprefix("train[").removesuffix("]"))
            assert row["label"] == ["ape", "bee", "cat"][labels[position]]


def test_the_csv_of_numbers(numbers):
    evaluate(numbers.run)
    features, labels = held_out(numbers)
    predicted = load_checkpoint(numbers.run, "best").predict(features, verbose=0)
    with numbers.run.predictions("test").open() as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_allclose([json.loads(row["label"]) for row in rows], labels, rtol=1e-6)
    np.testing.assert_allclose(
        [json.loads(row["prediction"]) for row in rows], predicted, rtol=1e-5, atol=1e-6
    )


def change_data(path, change):
    arrays = dict(np.load(path))
    np.savez(path, **{**arrays, **change(arrays)})


def test_a_test_split_that_was_cut_from_changed_data_is_refused(copied, tmp_path):
    assert evaluate(copied).num_examples == 15
    change_data(tmp_path / "data.npz", lambda arrays: {"x": arrays["x"] + 1})
    with pytest.raises(DataError, match="the data has changed since the model was trained") as caught:
        evaluate(copied)
    assert caught.value.exit_code == 3 and "restore the data" in caught.value.hint


def test_a_changed_test_split_of_the_sources_own_is_warned_of(own_test, tmp_path):
    noting = Noting()
    expected = own_test.evaluation.metrics
    assert evaluate(own_test.run, listener=noting).metrics == pytest.approx(expected)
    assert noting.warnings == []
    change_data(tmp_path / "data.npz", lambda arrays: {"x_test": arrays["x_test"] + 1})
    evaluation = evaluate(own_test.run, listener=noting)
    assert noting.warnings == ["the test split has changed since the model was trained"]
    assert evaluation.metrics["loss"] != pytest.approx(expected["loss"], rel=1e-3)


def test_data_of_other_classes_is_refused(copied):
    copied.config.write_text(copied.config.read_text().replace("ape", "ant"))
    record_files(copied, [copied.config])
    message = "the data has the classes ant, bee, cat; the model was trained with ape, bee, cat"
    with pytest.raises(DataError, match=message):
        evaluate(copied)


def test_data_of_another_shape_is_refused(copied, tmp_path):
    change_data(tmp_path / "data.npz", lambda arrays: {"x": arrays["x"][:, :3]})
    with pytest.raises(DataError, match=r"the examples have shape \(3,\); the model takes \(4,\)"):
        evaluate(copied)


def test_data_that_is_gone_is_named(copied, tmp_path):
    (tmp_path / "data.npz").unlink()
    with pytest.raises(DataError, match=r"data\.npz: no such file"):
        evaluate(copied)
