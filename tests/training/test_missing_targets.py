"""`missing_target: mask`: a row without one of several targets trains the others, and counts only there."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import yaml

from bigmodel_cli.cli.main import run
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.pipeline.order import epoch_order
from bigmodel_cli.run_folder import RunFolder

pytestmark = [pytest.mark.slow, pytest.mark.tf]

TRAIN, TEST, BATCH, RATE = 48, 20, 10, 0.05
# Of each target half of the training rows lack it; an eighth lacks both.
LACKS = {"kind": range(4), "worth": range(3, 7)}


def rows(first: int, count: int) -> list[dict[str, str]]:
    found = []
    for row in range(first, first + count):
        u, v = row * 7 % 13 / 13, row * 5 % 11 / 11
        kind, worth = "ab"[int(u + v > 0.9)], f"{round(20 + 30 * u - 8 * v * v, 3)}"
        values = {"kind": kind, "worth": worth}
        known = {name: "" if row % 8 in LACKS[name] else value for name, value in values.items()}
        found.append(
            {"u": f"{u:.4f}", "v": f"{v:.4f}", "sex": "mf"[row % 3 == 0], "w": str(1 + row % 3), **known}
        )
    return found


def write(path, table):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*table[0]])
        writer.writeheader()
        writer.writerows(table)


def config(path, **table):
    source = {
        "path": "train.csv",
        "test": "test.csv",
        "validation": "test.csv",
        "target": ["kind", "worth"],
        "missing_target": "mask",
        "columns": {"u": "number", "v": "number", "sex": "ignore", "w": "ignore"},
        **table,
    }
    document = {
        "seed": 3,
        "data": {"source": {"table": source}, "batch_size": BATCH},
        "model": [
            {"Dense": {"name": "trunk", "units": 4, "activation": "tanh"}},
            {"Dense": {"name": "kind", "inputs": ["trunk"], "units": 1, "activation": "sigmoid"}},
            {"Dense": {"name": "worth", "inputs": ["trunk"], "units": 1}},
        ],
        "loss": {"kind": "BinaryCrossentropy", "worth": "MeanSquaredError"},
        "loss_weights": {"worth": 0.5},
        "optimizer": {"SGD": {"learning_rate": RATE}},
        "metrics": {"kind": ["accuracy"], "worth": ["mae"]},
        "training": {"epochs": 3, "deterministic": True, "device": "cpu", "precision": "float32"},
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")


def train(folder, *overrides):
    before = set((folder / "runs").glob("*/*"))
    code = run(["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain", *overrides])
    assert code == 0
    (found,) = set((folder / "runs").glob("*/*")) - before
    return RunFolder(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("masked")
    write(made / "train.csv", rows(0, TRAIN))
    write(made / "test.csv", rows(TRAIN, TEST))
    config(made / "c.yaml")
    return made


@pytest.fixture(scope="module")
def masked(folder):
    """A run of two targets, half of each missing."""
    return train(folder, "--baseline")


def kept(table):
    """The rows that are examples."""
    return [row for row in table if row["kind"] or row["worth"]]


def arrays(table):
    """Inputs; by target 0 where it is missing, and whether it is not."""
    features = np.array([[float(row["u"]), float(row["v"])] for row in table], np.float32)
    targets = {
        "kind": np.array([float(row["kind"] == "b") for row in table]),
        "worth": np.array([float(row["worth"] or 0) for row in table]),
    }
    return features, targets, {name: np.array([bool(row[name]) for row in table]) for name in targets}


def by_hand(found, weights=None):
    """The mean losses of each epoch, in plain TensorFlow from the same first weights."""
    import keras
    import tensorflow as tf

    from bigmodel_cli.inference.run_config import read_experiment
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.modeling.backend import start
    from bigmodel_cli.modeling.build import build_model

    experiment = read_experiment(found)
    splits = load_splits(experiment, Silent(), offline=True)
    start(seed=experiment.seed, precision="float32", deterministic=True)
    model = build_model(experiment, splits.signature, total_steps=1).model
    table = kept(rows(0, TRAIN))
    features, targets, known = arrays(table)
    counts = {name: has.astype(float) for name, has in known.items()}
    if weights is not None:
        counts = {
            name: has * np.array([float(row[weights]) for row in table]) for name, has in counts.items()
        }
    counts = {name: count / count.mean() for name, count in counts.items()}
    of_worth = targets["worth"][known["worth"]]
    spread = of_worth.std()
    optimizer = keras.optimizers.SGD(RATE)
    epochs = []
    for epoch in (1, 2, 3):
        order, sums = epoch_order(len(table), seed=experiment.seed, epoch=epoch), np.zeros(2)
        for start_at in range(0, len(order), BATCH):
            batch = order[start_at : start_at + BATCH]
            with tf.GradientTape() as tape:
                given = model({"u": features[batch, 0], "v": features[batch, 1]}, training=True)
                p, z = given["kind"][:, 0], given["worth"][:, 0]
                y = targets["kind"][batch].astype(np.float32)
                crossentropy = -(y * tf.math.log(p) + (1 - y) * tf.math.log(1 - p))
                error = ((targets["worth"][batch] - z) / spread) ** 2
                kind = tf.reduce_mean(crossentropy * counts["kind"][batch])
                worth = tf.reduce_mean(error * counts["worth"][batch])
                loss = kind + 0.5 * worth
            variables = model.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
            sums += len(batch) * np.array([float(kind), float(worth)])
        epochs.append(sums / len(order))
    return np.array(epochs).T


def test_losses_are_those_computed_by_hand(masked):
    kind, worth = by_hand(masked)
    measured = read_metrics(masked.metrics)
    np.testing.assert_allclose(measured["kind_loss"], kind, rtol=2e-5)
    np.testing.assert_allclose(measured["worth_loss"], worth, rtol=2e-5)
    np.testing.assert_allclose(measured["loss"], kind + 0.5 * worth, rtol=2e-5)


def predictions(found):
    with found.predictions("test").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_evaluation_counts_the_rows_that_have_a_target(masked):
    table = kept(rows(TRAIN, TEST))
    _, targets, known = arrays(table)
    document = json.loads(masked.evaluation("test").read_text("utf-8"))
    assert document["examples"] == len(table) == TEST - 3
    sizes = {name: part["examples"] for name, part in document["targets"].items()}
    assert sizes == {name: int(has.sum()) for name, has in known.items()} == {"kind": 8, "worth": 11}
    kind, worth = document["targets"]["kind"], document["targets"]["worth"]
    assert sum(row["support"] for row in kind["per_class"]) == 8
    assert np.sum(kind["confusion_matrix"]) == 8
    told = predictions(masked)
    assert [row["kind_known"] for row in told] == [str(int(has)) for has in known["kind"]]
    # Who lacks a target is predicted all the same, and its cell of the label is empty.
    assert all(row["kind_prediction"] in "ab" and row["kind_prediction"] for row in told)
    assert [row["kind_label"] for row in told] == [row["kind"] for row in table]
    assert [bool(row["worth_label"]) for row in told] == known["worth"].tolist()
    right = [row["kind_prediction"] == row["kind_label"] for row in told if row["kind_label"]]
    assert kind["metrics"]["accuracy"] == pytest.approx(np.mean(right))
    predicted = np.array([float(row["worth_prediction"]) for row in told])
    errors = (predicted - targets["worth"])[known["worth"]]
    assert worth["metrics"]["mean_absolute_error"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
    assert document["metrics"]["worth_mean_absolute_error"] == worth["metrics"]["mean_absolute_error"]
    # The same by Keras's metric and by loss, over the validation split, which has the same rows.
    last = {name: values[-1] for name, values in read_metrics(masked.metrics).items()}
    assert last["val_worth_mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-3)
    spread = arrays(kept(rows(0, TRAIN)))
    of_worth = spread[1]["worth"][spread[2]["worth"]]
    assert last["val_worth_loss"] == pytest.approx((errors**2).mean() / of_worth.var(), rel=1e-3)
    assert last["val_kind_accuracy"] == pytest.approx(np.mean(right))


def test_samples_and_page_are_of_rows_that_have_the_target(masked):
    samples = json.loads(masked.samples("test").read_text("utf-8"))
    table = kept(rows(TRAIN, TEST))
    names = {target: [sample["name"] for sample in of_one["mistakes"]] for target, of_one in samples.items()}
    told = predictions(masked)
    having = [row["example"] for row, line in zip(told, table, strict=True) if line["worth"]]
    assert sorted(names["worth"]) == sorted(having)
    page = masked.report.read_text("utf-8")
    assert "worth" in page and "kind" in page


def test_baselines_learn_from_and_are_scored_on_them(masked):
    document = json.loads(masked.baselines.read_text("utf-8"))
    _, _, known = arrays(kept(rows(0, TRAIN)))
    assert {one["target"]: one["trained_on"] for one in document["models"]} == {
        name: int(has.sum()) for name, has in known.items()
    }
    constant = next(one for one in document["models"] if one["target"] == "worth" and "mean" in one["name"])
    _, train, known = arrays(kept(rows(0, TRAIN)))
    _, test, there = arrays(kept(rows(TRAIN, TEST)))
    expected = np.abs(test["worth"][there["worth"]] - train["worth"][known["worth"]].mean()).mean()
    assert constant["test"]["metrics"]["mean_absolute_error"] == pytest.approx(expected, rel=1e-6)


def test_groups_are_of_rows_that_have_the_target(masked, capsys):
    assert run(["evaluate", str(masked.path), "--by", "sex", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    table = kept(rows(TRAIN, TEST))
    for target, part in found["targets"].items():
        sizes = {row["group"]: row["examples"] for row in part["by"]["sex"]["groups"]}
        assert sizes == {
            sex: sum(bool(row[target]) and row["sex"] == sex for row in table) for sex in ("f", "m")
        }


def test_parts_of_batches_weights_and_classes(folder, masked):
    """Accumulated, the same losses; `sample_weight` counts among the rows that have the target."""
    measured = read_metrics(masked.metrics)
    parts = read_metrics(train(folder, "training.accumulate=3").metrics)
    for name in ("kind_loss", "worth_loss", "kind_accuracy", "worth_mae"):
        np.testing.assert_allclose(parts[name], measured[name], rtol=1e-5)
    columns = "data.source.table.columns={u: number, v: number, sex: ignore}"
    weighted = train(folder, "data.source.table.sample_weight=w", columns)
    kind, worth = by_hand(weighted, weights="w")
    measured = read_metrics(weighted.metrics)
    np.testing.assert_allclose(measured["kind_loss"], kind, rtol=2e-5)
    np.testing.assert_allclose(measured["worth_loss"], worth, rtol=2e-5)


def test_two_replicas_compute_the_same(folder, masked):
    # Devices are chosen once in a process.
    words = [
        str(folder / "c.yaml"),
        "--runs-dir",
        str(folder / "replicas"),
        "--plain",
        "training.device=cpu:0-1",
    ]
    subprocess.run([sys.executable, "-m", "bigmodel_cli", "train", *words], check=True, capture_output=True)
    (found,) = (folder / "replicas").glob("*/*")
    several, one = read_metrics(RunFolder(found).metrics), read_metrics(masked.metrics)
    for name in ("loss", "kind_loss", "worth_loss", "kind_accuracy", "worth_mae", "val_worth_mae"):
        np.testing.assert_allclose(several[name], one[name], rtol=1e-5)
