"""A server in a process of its own, that tests share, of a run of pictures and one of rows."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
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


@pytest.fixture(scope="session")
def server(trained: Path, people: Path) -> Iterator[Server]:
    """Serves `tiny`, pictures, and `people`, rows; tests must leave it running."""
    tiny = next((trained / "tiny").iterdir())
    found = start(tiny, f"people={next((people / 'people').iterdir())}", "--timeout", "5")
    yield found
    assert found.end() == 0, found.said
