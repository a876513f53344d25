"""Models of several outputs, in older files, of numbers and of sets of labels; data without some classes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adopted import command
from PIL import Image

from bigmodel_cli.inference.opened import OpenRun, open_folder
from bigmodel_cli.run_folder import RunFolder

pytestmark = pytest.mark.tf


def adopted(model: Path, *words: object) -> tuple[OpenRun, str]:
    """The run that became of a file, and what was said, advice among it."""
    code, out, err = command("adopt", model, *words, "--runs-dir", model.parent / "runs", "--json", "--plain")
    assert code == 0, err
    document = json.loads(out)
    advice = [f"{one['finding']} {one['advice']} {one['words']}" for one in document["advice"]]
    return open_folder(RunFolder(Path(document["run"]))), "\n".join([err, *advice])


def rows_of(run: OpenRun) -> list[dict[str, str]]:
    with run.folder.predictions("test").open(newline="") as file:
        return list(csv.DictReader(file))


def places_of(rows: list[dict[str, str]]) -> list[int]:
    """Where examples stand in their table: `rows.csv[7]`."""
    return [int(row["example"].rpartition("[")[2].rstrip("]")) for row in rows]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_two_outputs_of_an_h5_file_with_classes_of_which_rows_have_some(tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(0)
    inputs = [keras.Input((1,), name=name) for name in ("age", "height")]
    body = keras.layers.Dense(8, activation="relu")(keras.layers.Concatenate()(inputs))
    kind = keras.layers.Dense(3, activation="softmax", name="kind")(body)
    price = keras.layers.Dense(1, name="price")(body)
    model = keras.Model(inputs, [kind, price])
    model.save(tmp_path / "two.h5")
    rng = np.random.default_rng(0)
    rows = [
        {
            "height": round(rng.uniform(0, 2), 3),
            "age": round(rng.uniform(0, 5), 3),
            # No row is green.
            "kind": ("blue", "red")[number % 2],
            "price": round(rng.uniform(1, 9), 2),
            "more": "x",
        }
        for number in range(60)
    ]
    data = write(tmp_path / "rows_train.csv", rows[:20])
    write(tmp_path / "rows_test.csv", rows[20:])
    (tmp_path / "kinds.txt").write_text("red\ngreen\nblue\n")
    run, said = adopted(tmp_path / "two.h5", "--data", data, "--labels", f"kind={tmp_path / 'kinds.txt'}")
    assert "targets: kind, price, as the model's outputs are called" in said
    assert run.signature.targets["kind"].label_names == ("red", "green", "blue")
    given = [np.array([[row[name]] for row in rows[20:]], "float32") for name in ("age", "height")]
    kinds, prices = model.predict(given, verbose=0)
    found = rows_of(run)
    scores = np.array(
        [[float(row[f"kind_score_{name}"]) for name in ("red", "green", "blue")] for row in found]
    )
    np.testing.assert_allclose(scores, kinds, atol=1e-5)
    np.testing.assert_allclose([float(row["price_prediction"]) for row in found], prices[:, 0], rtol=1e-4)
    test = run.record["test"]
    y = np.array([("red", "green", "blue").index(row["kind"]) for row in rows[20:]])
    assert test["kind_accuracy"] == pytest.approx((kinds.argmax(1) == y).mean(), abs=1e-6)
    errors = np.abs(prices[:, 0] - [row["price"] for row in rows[20:]])
    assert test["price_mean_absolute_error"] == pytest.approx(errors.mean(), rel=1e-4)
    # Both outputs have one body.
    loaded = run.folder.config.read_text()
    assert loaded.count("output: ") == 2 and run.record["parameters"] == model.count_params()


def test_sets_of_labels_and_a_number(tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(60):
        a, b = rng.uniform(-1, 1, 2).round(3)
        tags = [name for name, is_one in (("hot", a > 0), ("wet", b > 0), ("odd", a * b > 0)) if is_one]
        rows.append({"a": a, "b": b, "tags": "|".join(tags), "size": round(3 * a - b, 3)})
    write(tmp_path / "rows.csv", rows)
    x = np.array([[row["a"], row["b"]] for row in rows], "float32")
    (tmp_path / "tags.txt").write_text("wet\nodd\nhot\n")
    (tmp_path / "tags.yaml").write_text(
        "data: {source: {table: {path: rows.csv, target: {tags: {separator: '|'}}, "
        "columns: {size: ignore}}}}\n"
        "model: [{Dense: {units: 3, activation: sigmoid}}]\nloss: BinaryCrossentropy\noptimizer: Adam\n"
    )
    tags = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="sigmoid")])
    tags.save(tmp_path / "tags.keras")
    run, _ = adopted(
        tmp_path / "tags.keras",
        "--data",
        tmp_path / "tags.yaml",
        "--labels",
        tmp_path / "tags.txt",
        "data.test=0.5",
        "data.validation=0",
    )
    found = rows_of(run)
    names = run.signature.task.label_names
    assert names is not None
    order = [("wet", "odd", "hot").index(name) for name in names]
    expected = tags.predict(x[places_of(found)], verbose=0)[:, order]
    scores = np.array([[float(row[f"score_{name}"]) for name in names] for row in found])
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert 0 < run.record["test"]["mean_average_precision"] <= 1

    size = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    size.set_weights([np.array([[-3.0], [1.0]]), np.zeros(1)])
    size.save(tmp_path / "size.keras")
    words = ["--data", tmp_path / "rows.csv", "--target", "size", "data.source.table.columns.tags=ignore"]
    run, said = adopted(tmp_path / "size.keras", *words)
    assert "standardize: false" in run.folder.config.read_text()
    found = rows_of(run)
    expected = size.predict(x[places_of(found)], verbose=0)[:, 0]
    np.testing.assert_allclose([float(row["prediction"]) for row in found], expected, atol=1e-4)
    # It says the opposite, and nothing is advised about its training.
    assert run.record["test"]["r2"] < -1
    assert "or it gives the labels on another scale" in said
    assert "epoch" not in said and "learning rate" not in said


def test_a_folder_of_some_classes(tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(0)
    names = ["plum", "fig", "apple", "pear"]
    rng = np.random.default_rng(0)
    pixels = {}
    for name in ("apple", "fig"):
        for number in range(8):
            path = tmp_path / "fruit" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels[f"{name}/{number}.png"] = rng.integers(0, 256, (6, 6, 3), np.uint8)
            Image.fromarray(pixels[f"{name}/{number}.png"]).save(path)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    model.save(tmp_path / "fruit.keras")
    (tmp_path / "labels.txt").write_text("\n".join(names))
    run, said = adopted(
        tmp_path / "fruit.keras", "--data", tmp_path / "fruit", "--labels", tmp_path / "labels.txt"
    )
    assert "no files of plum, pear, which class_names has" in said
    assert run.signature.task.label_names == tuple(names)
    for row in rows_of(run):
        place = next(key for key in pixels if row["example"].endswith(key))
        expected = model.predict(pixels[place][None].astype("float32"), verbose=0)[0]
        np.testing.assert_allclose([float(row[f"score_{name}"]) for name in names], expected, atol=1e-5)
    (tmp_path / "short.txt").write_text("apple\npear\n")
    words = ["--data", tmp_path / "fruit", "--labels", tmp_path / "short.txt", "--runs-dir", tmp_path / "no"]
    code, _, err = command("adopt", tmp_path / "fruit.keras", *words)
    assert code == 3 and "fig/ is none of class_names (apple, pear)" in err
    code, _, err = command(
        "adopt", tmp_path / "fruit.keras", "--data", tmp_path / "fruit", "--runs-dir", "no"
    )
    assert code == 3 and "if they have examples of some classes only, name all of them: --labels FILE" in err
