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


def evaluate(run, split=None, listener=None):
    opened, listener = open_folder(run), listener or Silent()
    return evaluate_run(opened, Request(split, offline=True), listener).evaluation


def held_out(result, split="test"):
    examples = load_splits(read_config(result.run.config).experiment, Silent(), offline=True).parts[split]
    return examples.store.array, examples.labels


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
    assert evaluation.metrics["f1_score"] == pytest.approx(
        evaluation.scored.scores.details["macro"]["f1"], rel=1e-5
    )


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


def test_a_changed_test_split_of_the_sources_own_is_warned_of(own_test, tmp_path, noting):
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


def test_every_number_follows_from_the_saved_predictions(classes):
    """From the CSV file alone, by NumPy and the definitions."""
    evaluate(classes.run)
    document = json.loads(classes.run.evaluation("test").read_text())
    with classes.run.predictions("test").open() as file:
        rows = list(csv.DictReader(file))
    names = ["ape", "bee", "cat"]
    labels = np.array([names.index(row["label"]) for row in rows])
    predicted = np.array([names.index(row["prediction"]) for row in rows])
    scores = np.array([[float(row[f"score_{name}"]) for name in names] for row in rows])
    of_label, found = scores[np.arange(len(rows)), labels], document["scores"]
    assert found["log_loss"] == pytest.approx(-np.log(of_label).mean(), rel=1e-6)
    assert found["log_loss"] == pytest.approx(document["metrics"]["loss"], rel=1e-5)
    assert found["brier_score"] == pytest.approx(((scores - np.eye(3)[labels]) ** 2).sum(1).mean(), rel=1e-6)
    confidence, is_right = scores.max(axis=1), predicted == labels
    bins = np.minimum((confidence * 15).astype(int), 14)
    error = sum(
        abs(confidence[bins == b].mean() - is_right[bins == b].mean()) * (bins == b).mean() for b in set(bins)
    )
    assert found["expected_calibration_error"] == pytest.approx(error, rel=1e-6)
    for index, row in enumerate(document["per_class"]):
        hits = np.sum((predicted == index) & (labels == index))
        assert row["recall"] == pytest.approx(hits / np.sum(labels == index))
        assert row["precision"] == pytest.approx(hits / max(1, np.sum(predicted == index)))
        inside, outside = scores[labels == index, index], scores[labels != index, index]
        pairs = (inside[:, None] > outside).mean() + (inside[:, None] == outside).mean() / 2
        assert row["roc_auc"] == pytest.approx(pairs)
        order = np.argsort(-scores[:, index], kind="stable")
        precision = np.cumsum(labels[order] == index) / np.arange(1, len(rows) + 1)
        assert row["average_precision"] == pytest.approx(precision[labels[order] == index].mean())
    recalls = [row["recall"] for row in document["per_class"]]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    assert document["macro"]["recall"] == pytest.approx(np.mean(recalls))
    supports = np.bincount(labels)
    for name, weighted in document["weighted"].items():
        column = np.array([row[name] for row in document["per_class"]])
        assert weighted == pytest.approx((column * supports).sum() / supports.sum())
    matrix = np.array(document["confusion_matrix"])
    np.testing.assert_allclose(
        document["confusion_matrix_normalized"], matrix / matrix.sum(axis=1, keepdims=True)
    )


def test_samples_are_the_most_confident_mistakes_and_the_closest_calls(classes):
    evaluate(classes.run, "train")
    samples = json.loads(classes.run.samples("train").read_text())
    with classes.run.predictions("train").open() as file:
        rows = list(csv.DictReader(file))
    scores = {row["example"]: sorted(float(row[f"score_{n}"]) for n in ("ape", "bee", "cat")) for row in rows}
    wrong = [row for row in rows if row["label"] != row["prediction"]]
    wrong.sort(key=lambda row: -scores[row["example"]][-1])
    assert [sample["name"] for sample in samples["mistakes"]] == [row["example"] for row in wrong[:24]]
    margins = {name: values[-1] - values[-2] for name, values in scores.items()}
    shown = [sample["name"] for sample in samples["least_certain"]]
    assert shown == sorted(margins, key=margins.get)[:24]
    # Points are no pictures.
    assert all(sample["png"] is None for sample in samples["mistakes"])


def test_samples_of_numbers_are_the_largest_errors(numbers):
    evaluate(numbers.run)
    samples = json.loads(numbers.run.samples("test").read_text())
    assert list(samples) == ["mistakes"]
    with numbers.run.predictions("test").open() as file:
        rows = list(csv.DictReader(file))
    errors = {
        row["example"]: np.abs(np.subtract(json.loads(row["label"]), json.loads(row["prediction"]))).sum()
        for row in rows
    }
    assert samples["mistakes"][0]["name"] == max(errors, key=errors.get)
    residuals = json.loads(numbers.run.evaluation("test").read_text())["residuals"]
    differences = [np.subtract(json.loads(row["label"]), json.loads(row["prediction"])) for row in rows]
    assert residuals["mean"] == pytest.approx(np.mean(differences), rel=1e-4, abs=1e-6)
    assert residuals["standard_deviation"] == pytest.approx(np.std(differences), rel=1e-4)
