"""A table with an image, a number, a category and a text in each row, and two targets: trained, predicted."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.engines import open_engine
from bigmodel_cli.inference.familiar import read_familiar
from bigmodel_cli.inference.inputs import find_rows
from bigmodel_cli.inference.opened import answering_of, open_folder
from bigmodel_cli.inference.predict import predict
from bigmodel_cli.kinds.inputs import Asked
from bigmodel_cli.listener import Silent
from bigmodel_cli.new_run import NewRun

pytestmark = pytest.mark.tf

CONFIG = """\
name: rows
data:
  source:
    table:
      path: rows.csv
      target: [bright, Größe (cm)]
      columns: {photo: {image: {image_size: 8}}, review: text, work: category}
  on_bad_file: skip
  batch_size: 16
preprocessing:
  image: [{Rescaling: {scale: 0.00392}}]
  number: [Normalization]
  category: [{StringLookup: {output_mode: one_hot}}]
  text: [{TextVectorization: {output_mode: multi_hot, max_tokens: 20}}]
model:
  - Conv2D: {filters: 4, kernel_size: 3, inputs: [photo]}
  - GlobalAveragePooling2D: {name: seen}
  - Concatenate: {inputs: [seen, numbers, categories, texts]}
  - Dense: {name: trunk, units: 16, activation: relu}
  - Dense: {name: bright, inputs: [trunk], units: 1, activation: sigmoid}
  - Dense: {name: Größe (cm), inputs: [trunk], units: 1}
loss: {bright: BinaryCrossentropy, Größe (cm): MeanSquaredError}
optimizer: {Adam: {learning_rate: 0.02}}
training: {epochs: 2, device: cpu}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.train import train

    folder = tmp_path_factory.mktemp("rows")
    rng = np.random.default_rng(0)
    (folder / "photos").mkdir()
    rows = [["photo", "age", "work", "review", "bright", "Größe (cm)"]]
    for number in range(96):
        grey, age = int(rng.integers(0, 256)), int(rng.integers(0, 100))
        path = f"photos/{number:02d}.png"
        Image.new("RGB", (10, 9), (grey, grey, grey)).save(folder / path)
        review = "a good one" if number % 3 else ""
        rows.append([path, age, "xyz"[number % 3], review, "ny"[grey > 127], grey / 100 + age])
    (folder / "photos" / "05.png").write_bytes(b"no image")
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    (folder / "c.yaml").write_text(CONFIG, "utf-8")
    return train(read_config(folder / "c.yaml"), NewRun(folder / "runs", "c"), [Silent()]).run


def test_a_row_without_its_image_is_left_out_and_the_export_answers_alike(trained):
    record = trained.read_record()
    sizes = [split["examples"] for split in record["data"]["splits"].values()]
    assert sum(sizes) == 95
    compared = record["litert"]
    assert compared["max_difference"] < 1e-3 and compared["same_classes"] is True
    front = json.loads(trained.front.read_text("utf-8"))
    assert {lookup["column"] for lookup in front["made"].values()} == {"work", "review"}
    assert front["needed"] == ["age"]
    assert {"front.json", "model.tflite"} <= record["files"].keys()


def predicted(run, asked, engine):
    opened = open_folder(run)
    chosen = open_engine(run, engine, warn=pytest.fail)
    familiar = read_familiar(run, opened.signature, pytest.fail)
    rows = find_rows(asked, opened.signature, print)
    return list(predict(opened, chosen.engine, rows, familiar=familiar))


def test_both_engines_predict_rows_alike(trained):
    table = trained.path.parents[2] / "rows.csv"
    litert, keras = (predicted(trained, Asked([str(table)]), engine) for engine in ("litert", "keras"))
    assert len(litert) == len(keras) == 96
    for one, other in zip(litert, keras, strict=True):
        assert one.error == other.error
        if one.answer is not None:
            np.testing.assert_allclose(one.answer.values, other.answer.values, atol=1e-3)
    assert [item.error.partition(": expected")[0] for item in litert if item.error] == [
        f"{table}:7, photo: {table.parent / 'photos' / '05.png'}"
    ]
    assert [str(reason) for reason in litert[0].unlike] == []


def test_a_missing_number_that_nothing_fills_in_is_refused_by_both(trained):
    photo = trained.path.parents[2] / "photos" / "01.png"
    for engine in ("litert", "keras"):
        (found,) = predicted(trained, Asked([], [f"photo={photo}", "work=new"]), engine)
        assert found.error == "--set age: no value, and nothing in the model's preprocessing fills it in"


def test_what_is_said_of_each_target(trained):
    photo = trained.path.parents[2] / "photos" / "01.png"
    (found,) = predicted(trained, Asked([], [f"photo={photo}", "age=900", "work=new"]), "litert")
    assert list(found.as_json(1)["targets"]) == ["bright", "Größe (cm)"]
    assert [reason.what for reason in found.unlike] == ["age", "work"]
    assert found.answer.line(1).startswith(("bright: y ", "bright: n "))
    assert answering_of(open_folder(trained)).columns == [
        *("bright_prediction", "bright_probability", "bright_score_n", "bright_score_y"),
        "Größe (cm)_prediction",
    ]


def test_a_damaged_front_is_passed_over_with_a_word(trained, tmp_path):
    shutil.copytree(trained.path, tmp_path / "run")
    run = type(trained)(tmp_path / "run")
    run.front.write_text(run.front.read_text("utf-8").replace("work", "wrok"), "utf-8")
    said: list[str] = []
    assert open_engine(run, "auto", warn=said.append).name == "keras"
    damaged = f"{run.front}: damaged or changed: its sha256 is not the one in run.json"
    assert said == [f"{damaged}; predicting with Keras instead"]
    with pytest.raises(DataError):
        open_engine(run, "litert", warn=pytest.fail)
