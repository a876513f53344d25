"""A server in a process of its own, that tests share, of a run of pictures and one of rows."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from served import Server, start

from bigmodel_cli.cli.main import run

ROWS = """\
name: people
data:
  source: {table: {path: people.csv, target: [likes, price]}}
  batch_size: 16
preprocessing:
  number: [Normalization]
  category: [{StringLookup: {output_mode: one_hot}}]
model:
  - Dense: {name: body, units: 8, activation: relu}
  - Dense: {name: likes, inputs: [body], units: 1, activation: sigmoid}
  - Dense: {name: price, inputs: [body], units: 1}
loss: {likes: BinaryCrossentropy, price: MeanSquaredError}
optimizer: {Adam: {learning_rate: 0.05}}
training: {epochs: 2, device: cpu}
"""


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with a run of rows that have two targets; tests must not change it."""
    folder = tmp_path_factory.mktemp("people")
    rng = np.random.default_rng(0)
    with (folder / "people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["age", "shirt size", "likes", "price"])
        for _ in range(120):
            age, size = int(rng.integers(18, 80)), ("S", "M", "L")[rng.integers(3)]
            writer.writerow([age, size, "yes" if age > 40 else "no", age / 10])
    config = folder / "people.yaml"
    config.write_text(ROWS)
    here = Path.cwd()
    os.chdir(folder)
    try:
        assert run(["train", "people.yaml", "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    finally:
        os.chdir(here)
    return folder / "runs"


PHOTOS = """\
name: photos
data:
  source:
    table:
      path: t.csv
      target: label
      columns: {photo: {image: {image_size: [6, 6], color_mode: grayscale}}}
  batch_size: 8
  validation: 0.2
  test: 0.2
preprocessing: {age: [Normalization]}
model:
  - Flatten: {name: flat, inputs: [photo]}
  - Concatenate: {inputs: [flat, age]}
  - Dense: {units: 1, activation: sigmoid}
loss: BinaryCrossentropy
optimizer: Adam
training: {epochs: 1, device: cpu}
"""
# Texts are cut by a layer of the user's own, which Keras alone computes.
WORDS = """\
name: words
code: own.py
data:
  source: {table: {path: words.csv, target: kind, columns: {text: text}}}
  batch_size: 8
  validation: 0.2
  test: 0.2
preprocessing: {text: [Length]}
model: [{Dense: {units: 1, activation: sigmoid}}]
loss: BinaryCrossentropy
optimizer: Adam
training: {epochs: 1, device: cpu}
"""
OWN = """\
import keras
import tensorflow as tf


class Length(keras.layers.Layer):
    \"\"\"How many letters a text has.\"\"\"

    def call(self, texts):
        return tf.cast(tf.strings.length(tf.reshape(texts, (-1, 1))), "float32") / 10

    def compute_output_spec(self, texts):
        return keras.KerasTensor((None, 1), "float32")
"""


def _train(folder: Path, config: str) -> Path:
    """The run of a config in a folder with its data, trained from there."""
    here = Path.cwd()
    os.chdir(folder)
    try:
        (folder / "c.yaml").write_text(config)
        assert run(["train", "c.yaml", "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    finally:
        os.chdir(here)
    (found,) = (folder / "runs").glob("*/*")
    return found


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of rows that have a picture each; tests must not change it."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    with (folder / "t.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["photo", "age", "label"])
        for number in range(40):
            pixels = rng.integers(100 * (number % 2), 256, (6, 6), np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
            writer.writerow([f"{number}.png", number / 3, "yn"[number % 2]])
    return _train(folder, PHOTOS)


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that takes texts by code of the user's own; tests must not change it."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "own.py").write_text(OWN)
    with (folder / "words.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "kind"])
        for number in range(40):
            writer.writerow(["some words " * (1 + number % 3) + str(number), "ab"[number % 2]])
    return _train(folder, WORDS)


@pytest.fixture(scope="session")
def server(trained: Path, people: Path) -> Iterator[Server]:
    """Serves `tiny`, pictures, and `people`, rows; tests must leave it running."""
    tiny = next((trained / "tiny").iterdir())
    found = start(tiny, f"people={next((people / 'people').iterdir())}", "--timeout", "5")
    yield found
    assert found.end() == 0, found.said
