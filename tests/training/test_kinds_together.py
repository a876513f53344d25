"""A model of an image and a number, of which a mask and a class are predicted, through all commands."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from served import b64, start

from bigmodel_cli.errors import ConfigError

pytestmark = pytest.mark.tf
CONFIG = """\
name: squares
data:
  source:
    table:
      path: t.csv
      target: [outline, size]
      columns:
        photo: {image: {image_size: [16, 16], color_mode: grayscale}}
        outline: {mask: {of: photo, classes: [ground, square]}}
  validation: 0.2
  test: 0.2
  batch_size: 8
preprocessing:
  photo: [{Rescaling: {scale: 1/255}}]
  age: [Normalization]
model:
  - unet: {name: maps, inputs: [photo], filters: [6, 10], convolutions: 1}
  - Conv2D: {name: outline, inputs: [maps], filters: outline.num_classes, kernel_size: 1, activation: softmax}
  - GlobalAveragePooling2D: {name: covered, inputs: [outline]}
  - Concatenate: {inputs: [covered, age]}
  - Dense: {units: 8, activation: relu}
  - Dense: {name: size, units: 1, activation: sigmoid}
loss: {outline: SparseCategoricalCrossentropy, size: BinaryCrossentropy}
optimizer: {Adam: {learning_rate: 0.03}}
training: {epochs: 8, device: cpu}
"""
NUM = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the table, its files, the config, and the run that came of them."""
    from bigmodel_cli.cli.main import run

    folder, rng = tmp_path_factory.mktemp("kinds"), np.random.default_rng(0)
    with (folder / "t.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["photo", "outline", "size", "age"])
        for number in range(NUM):
            side = (4, 9)[number % 2]
            top, left = rng.integers(0, 16 - side, 2)
            mask = np.zeros((16, 16), np.uint8)
            mask[top : top + side, left : left + side] = 1
            pixels = (rng.integers(0, 60, (16, 16)) + 150 * mask).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"i{number}.png")
            Image.fromarray(mask).save(folder / f"m{number}.png")
            writer.writerow([f"i{number}.png", f"m{number}.png", ("small", "large")[number % 2], number % 7])
    (folder / "c.yaml").write_text(CONFIG)
    assert run(["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    return next((folder / "runs" / "squares").iterdir())


def mask_of(answer: dict[str, Any]) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(answer["targets"]["outline"]["mask"]))) as image:
        return np.array(image)


def right_mask(folder: Path, number: int) -> np.ndarray:
    with Image.open(folder / f"m{number}.png") as image:
        return np.array(image)


def test_both_targets_are_learnt_and_told(trained: Path) -> None:
    document = json.loads((trained / "evaluation" / "test.json").read_text())
    assert document["metrics"]["outline_mean_iou"] > 0.9
    assert document["metrics"]["size_accuracy"] >= 0.75
    assert [row["class"] for row in document["targets"]["outline"]["per_class"]] == ["ground", "square"]
    page = (trained / "report.html").read_text("utf-8")
    assert "outline" in page and "border F1" in page and "small" in page


def test_a_row_is_predicted_with_its_mask(folder: Path, trained: Path, bigmodel: Any) -> None:
    words = ("--set", f"photo={folder / 'i3.png'}", "--set", "age=3", "--run", trained, "--json")
    (found,) = bigmodel("predict", *words).json["predictions"]
    assert (mask_of(found) == right_mask(folder, 3)).mean() > 0.95
    assert {one["class"] for one in found["targets"]["outline"]["classes"]} == {"ground", "square"}
    assert found["targets"]["size"]["prediction"] in ("small", "large")


def test_a_table_is_predicted_and_compared(
    folder: Path, trained: Path, bigmodel: Any, tmp_path: Path
) -> None:
    found = bigmodel("predict", folder / "t.csv", "--run", trained, "--csv", tmp_path / "p.csv")
    assert found.code == 0, found.err
    with (tmp_path / "p.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == NUM
    assert any("square" in cell for cell in rows[1].values() if cell)
    again = bigmodel("evaluate", trained, "--data", folder / "t.csv", "--json").json
    assert again["examples"] == NUM and again["targets"]["outline"]["metrics"]["mean_iou"] > 0.9


def test_what_columns_are_worth_is_told(folder: Path, trained: Path, bigmodel: Any) -> None:
    found = bigmodel("explain", "--run", trained, "--repeats", "2", "--json")
    assert found.code == 0, found.err
    row = bigmodel("explain", "--run", trained, "--row", "0", "--target", "size", "--json")
    assert row.code == 0, row.err


def test_the_audit_has_both_targets(folder: Path, bigmodel: Any, tmp_path: Path) -> None:
    found = bigmodel("data", folder / "c.yaml", "--out", tmp_path / "audit", "--json")
    assert found.code == 0, found.err
    assert (tmp_path / "audit" / "index.html").stat().st_size > 1000


def test_packed_it_is_the_same(folder: Path, bigmodel: Any, tmp_path: Path) -> None:
    from bigmodel_cli.sources.packed import open_packed

    found = bigmodel("data", "pack", folder / "c.yaml", "--out", tmp_path / "packed")
    assert found.code == 0, found.err
    packed = open_packed(tmp_path / "packed")
    train = packed.splits["train"]
    assert packed.signature.targets["outline"].class_names == ("ground", "square")
    assert (train.targets["outline"] == np.stack([right_mask(folder, one) for one in range(NUM)])).all()
    with Image.open(folder / "i7.png") as image:
        assert (train.inputs["photo"].read(7)[..., 0] == np.array(image)).all()


def test_an_export_says_the_same(trained: Path, bigmodel: Any, tmp_path: Path) -> None:
    found = bigmodel("export", trained, "--format", "litert", "--out", tmp_path, "--json")
    assert found.code == 0, found.err
    ((one,),) = (found.json["exports"],)
    assert one["comparison"]["equal_decisions"] == 1


def test_a_server_says_what_predict_says(folder: Path, trained: Path, bigmodel: Any) -> None:
    server = start(trained)
    try:
        content = (folder / "i5.png").read_bytes()
        reply = server.post("/predict", {"photo": b64(content), "age": 5})
        assert reply.status == 200, reply.body
        (found,) = reply.json["predictions"]
        words = ("--set", f"photo={folder / 'i5.png'}", "--set", "age=5", "--run", trained, "--json")
        (expected,) = bigmodel("predict", *words).json["predictions"]
        assert found["targets"] == expected["targets"]
        bad = server.post("/predict", [{"photo": b64(b"none"), "age": 1}, {"photo": b64(content), "age": 5}])
        wrong, good = bad.json["predictions"]
        assert "expected a JPEG, PNG" in wrong["error"] and good["targets"] == expected["targets"]
    finally:
        assert server.end() == 0, server.said


def test_what_would_leave_the_mask_where_it_is_is_refused(folder: Path) -> None:
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.new_run import NewRun
    from bigmodel_cli.training.train import train

    here = Path.cwd()
    os.chdir(folder)
    try:
        config = read_config(folder / "c.yaml", ["augmentation={photo: [RandomFlip]}"])
        with pytest.raises(ConfigError) as error:
            train(config, NewRun(folder / "more", "squares"), [Silent()])
    finally:
        os.chdir(here)
    assert "RandomFlip moves the image of a row, and not its mask" in str(error.value)
