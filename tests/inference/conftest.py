"""What the tests of inference share: a finished run, and runs of other kinds."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.listener import Silent
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.run_lock import record_files

CLASSES = """\
name: classes
data:
  source: {npz: {path: data.npz, class_names: [ape, bee, cat]}}
  batch_size: 16
preprocessing:
  - Normalization
model:
  - Dense: {units: 8, activation: relu}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.05}}
metrics: [accuracy, {F1Score: {average: macro}}, {TopKCategoricalAccuracy: {k: 2}}]
training: {epochs: 4, device: cpu, steps_per_execution: 4}
"""
NUMBERS = """\
name: numbers
data:
  source: {npz: {path: numbers.npz, labels: numbers}}
  batch_size: 16
model:
  - Dense: {units: 2}
loss: MeanSquaredError
optimizer: {Adam: {learning_rate: 0.05}}
training: {epochs: 4, device: cpu, steps_per_execution: 4}
"""


class Noting(Silent):
    """Keeps what it is warned of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture
def noting() -> Noting:
    """A listener with `warnings`."""
    return Noting()


def _write_data(folder: Path, *, own_test: bool) -> None:
    """Three overlapping clouds of points, and two numbers that depend on the points."""
    rng = np.random.default_rng(0)
    labels = np.arange(150) % 3
    points = (rng.standard_normal((150, 4)) + labels[:, None]).astype(np.float32)
    arrays = {"x": points, "y": labels}
    if own_test:
        parts = {"train": slice(120), "test": slice(120, None)}
        arrays = {f"{key}_{part}": arrays[key][rows] for key in "xy" for part, rows in parts.items()}
    np.savez(folder / "data.npz", **arrays)
    np.savez(folder / "numbers.npz", x=points, y=points[:, :2] * 2 - 1)


def _train(folder: Path, text: str = CLASSES, *, own_test: bool = False) -> Any:
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.train import train

    _write_data(folder, own_test=own_test)
    path = folder / "c.yaml"
    path.write_text(text)
    return train(read_config(path), NewRun(folder / "runs", "c"), [Silent()])


@pytest.fixture(scope="session")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The result of training on classes; tests must not change it."""
    return _train(tmp_path_factory.mktemp("classes"))


@pytest.fixture(scope="session")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The result of training on numbers; tests must not change it."""
    return _train(tmp_path_factory.mktemp("numbers"), NUMBERS)


@pytest.fixture
def own_test(tmp_path: Path) -> Any:
    """The result of training on data with a test split of its own; data and run may be changed."""
    return _train(tmp_path, own_test=True)


@pytest.fixture
def copied(classes: Any, tmp_path: Path) -> RunFolder:
    """A copy of the run on classes with its data; both may be changed."""
    folder = classes.run.path
    shutil.copytree(folder, tmp_path / "run")
    shutil.copy(folder.parents[2] / "data.npz", tmp_path)
    run = RunFolder(tmp_path / "run")
    text = run.config.read_text()
    run.config.write_text(text.replace(str(folder.parents[2]), str(tmp_path)))
    record_files(run, [run.config])
    return run
