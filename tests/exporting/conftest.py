"""Runs that are exported: of pictures, of rows with words and two targets, of sequences."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.exporting.export import Exported, Request, export_run
from bigmodel_cli.exporting.wanted import wanted_of
from bigmodel_cli.inference.opened import OpenRun, open_folder
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.new_run import NewRun

PICTURES = """\
name: pictures
data:
  source: {npz: {path: pictures.npz, class_names: [dark, grey, bright]}}
  batch_size: 16
  test: 0.3
preprocessing: [{Rescaling: {scale: 1/255}}]
model:
  - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
  - Flatten
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.05}}
training: {epochs: 15, device: cpu}
"""
ROWS = """\
name: rows
data:
  source: {table: {path: rows.csv, target: [likes, price]}}
  batch_size: 16
  test: 0.3
preprocessing:
  number: [Normalization]
  category: [{StringLookup: {output_mode: one_hot}}]
model:
  - Dense: {name: body, units: 8, activation: relu}
  - Dense: {name: likes, inputs: [body], units: 1, activation: sigmoid}
  - Dense: {name: price, inputs: [body], units: 1}
loss: {likes: BinaryCrossentropy, price: MeanSquaredError}
optimizer: {Adam: {learning_rate: 0.05}}
training: {epochs: 8, device: cpu}
"""
STEPS = """\
name: steps
data: {source: {npz: {path: steps.npz, labels: numbers}}, batch_size: 16, test: 0.3}
model: [{LSTM: {units: 4}}, {Dense: {units: 1}}]
loss: MeanSquaredError
optimizer: Adam
training: {epochs: 1, device: cpu}
"""


def _train(folder: Path, text: str) -> OpenRun:
    # So that configs are found that are read before the program starts TensorFlow.
    from bigmodel_cli.training.train import train

    path = folder / "c.yaml"
    path.write_text(text)
    trained = train(read_config(path), NewRun(folder / "runs", "c"), [Silent()])
    return open_folder(trained.run)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> OpenRun:
    """A run on pictures of three shades; tests add exports alone."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    shades = 40 + 80 * labels[:, None, None, None] + rng.integers(-30, 31, (120, 6, 6, 1))
    np.savez(folder / "pictures.npz", x=shades.astype(np.uint8), y=labels)
    return _train(folder, PICTURES)


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> OpenRun:
    """A run on rows with words and missing numbers, of two targets."""
    folder = tmp_path_factory.mktemp("rows")
    rng = np.random.default_rng(0)
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["age (years)", "town", "likes", "price"])
        for _ in range(120):
            age, town = int(rng.integers(18, 80)), str(rng.choice(["Bonn", "Köln", "Ulm"]))
            likes = "yes" if age + 20 * (town == "Ulm") > 50 else "no"
            writer.writerow([age, town, likes, age / 10 + len(town)])
    return _train(folder, ROWS)


@pytest.fixture(scope="session")
def steps(tmp_path_factory: pytest.TempPathFactory) -> OpenRun:
    """A recurrent run."""
    folder = tmp_path_factory.mktemp("steps")
    rng = np.random.default_rng(0)
    values = rng.standard_normal((60, 5, 2)).astype(np.float32)
    np.savez(folder / "steps.npz", x=values, y=values.sum(axis=(1, 2)))
    return _train(folder, STEPS)


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., list[Exported]]:
    """Exports a run into a folder of the test's own."""

    def export(opened: OpenRun, names: str, quantize: str = "none", **how: object) -> list[Exported]:
        wanted = wanted_of([names], [quantize])
        request = Request(wanted, tmp_path / "exports", **how)  # type: ignore[arg-type]
        return export_run(opened, request, Silent())

    return export
