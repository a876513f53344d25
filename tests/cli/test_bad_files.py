"""`data.on_bad_file`: what files that vanish or break while a run goes on come to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.cli.progress import Lines

pytestmark = pytest.mark.tf

CONFIG = """\
name: photos
data:
  source: {image_folder: {path: photos, image_size: [8, 8]}}
  batch_size: 4
  cache: none
preprocessing: [{Rescaling: {scale: 1/255}}]
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
training: {epochs: 3, device: cpu}
"""
SIZES = {"train": 12, "val": 6, "test": 6}
SKIP = "data.on_bad_file=skip"


@pytest.fixture
def config(write, tmp_path, monkeypatch):
    """Writes images into folders of splits, and a config that trains on them."""
    monkeypatch.setenv("BIGMODEL_RUNS", str(tmp_path / "runs"))
    rng = np.random.default_rng(0)
    for split, count in SIZES.items():
        for name in ("cat", "dog"):
            folder = tmp_path / "photos" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                image = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8))
                image.save(folder / f"{number:02}.png")
    return write(CONFIG)


@pytest.fixture
def after_epoch(monkeypatch):
    """Calls something once an epoch has ended."""

    def call(epoch, action):
        ended = Lines.epoch_ended

        def then(self, progress, row):
            ended(self, progress, row)
            if progress.epoch == epoch:
                action()

        monkeypatch.setattr(Lines, "epoch_ended", then)

    return call


def truncate(path):
    path = Path("photos", path)
    path.write_bytes(path.read_bytes()[:60])


def record():
    (path,) = Path("runs/photos").glob("*/run.json")
    return json.loads(path.read_text())


def test_a_file_is_named_that_vanishes_while_it_is_trained_on(bigmodel, config, after_epoch, tmp_path):
    path = tmp_path / "photos/train/cat/03.png"
    after_epoch(1, path.unlink)
    outcome = bigmodel("train", config, "--plain")
    assert (outcome.code, outcome.out) == (3, "")
    assert f"error: {path}: no such file\n" in outcome.err
    assert "hint: data.on_bad_file=skip leaves such files out\n" in outcome.err
    found = record()
    assert (found["status"], found["error"]) == ("failed", f"{path}: no such file")


@pytest.mark.parametrize(
    ("split", "epoch"), [("val", 2), ("test", 3)], ids=["in validation", "in the evaluation at the end"]
)
@pytest.mark.parametrize("words", [(), (SKIP,)], ids=["stop", "skip"])
def test_a_held_out_file_that_breaks_is_named(bigmodel, config, after_epoch, tmp_path, split, epoch, words):
    """Also where bad files are skipped: no number is over other files than the one before."""
    after_epoch(epoch, lambda: truncate(f"{split}/dog/05.png"))
    outcome = bigmodel("train", config, "--plain", *words)
    assert (outcome.code, outcome.out) == (3, "")
    assert f"error: {tmp_path / 'photos' / split / 'dog/05.png'}: damaged image" in outcome.err
    assert record()["status"] == "failed"


def test_a_later_evaluation_names_it_too(bigmodel, config, tmp_path):
    assert bigmodel("train", config, "--plain", "training.epochs=1").code == 0
    truncate("test/cat/03.png")
    outcome = bigmodel("evaluate")
    assert outcome.code == 3
    assert f"error: {tmp_path / 'photos/test/cat/03.png'}: damaged image" in outcome.err


def test_skipped_files_are_told_of_and_counted(bigmodel, config, after_epoch, tmp_path):
    photos = tmp_path / "photos"
    (photos / "train/cat/00.png").write_text("no image")
    (photos / "val/dog/01.png").write_text("no image")
    truncate("train/dog/02.png")
    truncate("test/dog/03.png")
    after_epoch(1, (photos / "train/cat/04.png").unlink)
    outcome = bigmodel("train", config, "--plain", SKIP)
    assert outcome.code == 0, outcome.err
    told = [line.removeprefix("warning: ") for line in outcome.err.splitlines() if "warning: " in line]
    assert told == [
        f"skipped 2 of 48 files that cannot be read, the first: {photos / 'train/cat/00.png'}: "
        "expected a JPEG, PNG, BMP, GIF or WebP image, found something else",
        f"skipped 1 of 12 test files that cannot be read, the first: {photos / 'test/dog/03.png'}: "
        "damaged image: image file is truncated",
        f"skipped a training file that cannot be read: {photos / 'train/dog/02.png'}: "
        "damaged image: image file is truncated",
        f"skipped a training file that cannot be read: {photos / 'train/cat/04.png'}: no such file",
    ]
    data = record()["data"]
    sizes = {name: split["examples"] for name, split in data["splits"].items()}
    assert sizes == {"train": 23, "validation": 11, "test": 11}
    assert data["skipped"] == {"loading": 2, "test": 1, "training": 2}


def test_an_evaluation_is_over_the_same_files_and_over_those_that_were_read(bigmodel, config, tmp_path):
    truncate("train/dog/02.png")
    truncate("test/dog/03.png")
    trained = bigmodel("train", config, "--plain", "--json", "training.epochs=1", SKIP)
    again = bigmodel("evaluate", "--json")
    assert "changed" not in again.err
    assert again.json["test"] == pytest.approx(trained.json["test"])
    assert again.json["examples"] == 11
    assert bigmodel("evaluate", "--split", "train", "--json").json["examples"] == 23


def test_what_it_would_be_is_shown_without_the_bad_files(bigmodel, config):
    truncate("val/cat/00.png")
    outcome = bigmodel("show", config, "--plan", SKIP)
    assert "24 train, 11 validation, 12 test" in outcome.out
