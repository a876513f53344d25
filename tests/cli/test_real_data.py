"""The whole way on real data: train, evaluate, predict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.tf, pytest.mark.slow, pytest.mark.data, pytest.mark.plots]

MNIST = """\
data:
  source: {mnist: {path: DATA}}
  validation: 0.1
  batch_size: 128
preprocessing: [{Rescaling: {scale: 1/255}}]
model:
  - Flatten
  - Dense: {units: 128, activation: relu}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: Adam
training: {epochs: 2}
expect: {test_accuracy: ">= 0.94"}
"""
# Ten kinds of photographs: a chain, a church, a fish, … and 400 of them to learn from.
PHOTOS = """\
data:
  source: {image_folder: {path: DATA, image_size: [32, 32], aspect_ratio: crop}}
  batch_size: 32
preprocessing: [{Rescaling: {scale: 1/127.5, offset: -1}}]
augmentation: [{RandomFlip: {mode: horizontal}}]
model:
  - Conv2D: {filters: 16, kernel_size: 3, padding: same, activation: relu}
  - MaxPooling2D
  - Conv2D: {filters: 32, kernel_size: 3, padding: same, activation: relu}
  - MaxPooling2D
  - Conv2D: {filters: 64, kernel_size: 3, padding: same, activation: relu}
  - GlobalAveragePooling2D
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 3e-3}}
training: {epochs: 12}
"""


def test_mnist(bigmodel, write, shared_data):
    folder = shared_data("mnist")
    config = write(MNIST.replace("DATA", str(folder)), "mnist.yaml")
    outcome = bigmodel("train", config, "--json", "--runs-dir", "runs")
    assert outcome.code == 0, outcome.err
    assert outcome.json["parameters"] == 784 * 128 + 128 + 128 * 10 + 10
    assert outcome.json["test"]["accuracy"] > 0.94
    with np.load(folder / "mnist.npz") as arrays:
        images, labels = arrays["x_test"][:200], arrays["y_test"][:200]
    np.save("digits.npy", images[..., None])
    Image.fromarray(255 - images[0]).save("on_paper.png")
    document = bigmodel("predict", "digits.npy", "--json", "--runs-dir", "runs").json
    predicted = [int(prediction["prediction"]) for prediction in document["predictions"]]
    assert np.mean(np.array(predicted) == labels) > 0.9
    line = bigmodel("predict", "on_paper.png", "--invert", "--top", "1", "--runs-dir", "runs").out
    assert line.startswith(f"on_paper.png: {labels[0]} ")


def test_photographs(bigmodel, write, shared_data):
    folder = shared_data("imagenette_mini")
    config = write(PHOTOS.replace("DATA", str(folder)), "photos.yaml")
    outcome = bigmodel("train", config, "--json", "--runs-dir", "runs")
    assert outcome.code == 0, outcome.err
    # A guess is right one time in ten.
    assert outcome.json["validation"]["accuracy"] > 0.25
    evaluated = bigmodel("evaluate", "--json", "--runs-dir", "runs").json
    assert evaluated["validation"] == pytest.approx(outcome.json["validation"], rel=1e-5)
    fish = sorted((folder / "val" / "n01440764").iterdir())
    words = ["predict", fish[0].parent, "--csv", "s.csv", "--plot", "p.png", "--runs-dir", "runs"]
    predicted = bigmodel(*words)
    assert predicted.code == 0
    assert predicted.out.count("\n") == len(fish) == Path("s.csv").read_text().count("\n") - 1
    with Image.open("p.png") as image:
        assert image.format == "PNG" and min(image.size) > 300
