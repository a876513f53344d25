"""Replicas on logical devices of the CPU, beside one device: whole runs, each in a process of its own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.tf, pytest.mark.slow]

# 81 training examples: five batches of 16, and one of a single example, which is less than there are replicas.
CONFIG = """\
name: replicas
data:
  source: {synthetic: {shape: [8, 8, 1], num_classes: 3, num_examples: 101}}
  batch_size: 16
  validation: 0.1
  test: 0.1
preprocessing:
  - Rescaling: {scale: 1/255}
model:
  - Conv2D: {filters: 4, kernel_size: 3, use_bias: false}
  - BatchNormalization
  - ReLU
  - GlobalAveragePooling2D
  - Dense: {units: num_classes, activation: softmax, kernel_regularizer: {L2: {l2: 0.01}}}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.01, global_clipnorm: 0.5}}
metrics: [accuracy, AUC]
training: {epochs: 3, precision: float32, jit_compile: false, deterministic: true}
"""


@dataclass(frozen=True)
class Run:
    """A run that was trained in another process."""

    folder: Path
    said: str

    @property
    def rows(self) -> list[dict[str, float]]:
        with (self.folder / "metrics.csv").open() as file:
            return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]

    def weights(self, checkpoint: str = "last") -> list[np.ndarray]:
        import keras

        return keras.models.load_model(self.folder / "checkpoints" / f"{checkpoint}.keras").get_weights()


Train = Callable[..., Run]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Trains the config with words of a command line; `ends_with` is the exit code."""
    (tmp_path / "replicas.yaml").write_text(CONFIG)

    def call(*words: str, ends_with: int = 0) -> Run:
        environment = {**os.environ, "BIGMODEL_RUNS": str(tmp_path / "runs")}
        command = [sys.executable, "-m", "bigmodel_cli", "train", "--plain", "--json"]
        first = [] if "--resume" in words else ["replicas.yaml"]
        done = subprocess.run(
            [*command, *first, *words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == ends_with, done.stderr
        return Run(tmp_path / json.loads(done.stdout).get("run", ""), done.stderr)

    return call


MEASURED = ("loss", "accuracy", "auc", "val_loss", "val_accuracy", "val_auc")


@pytest.mark.parametrize("count", [2, 4])
def test_replicas_train_as_one_device(train: Train, count: int) -> None:
    one, several = train("training.device=cpu"), train(f"training.device=cpu:0-{count - 1}")
    for row, other in zip(one.rows, several.rows, strict=True):
        for name in ("loss", "val_loss"):
            assert other[name] == pytest.approx(row[name], rel=1e-6)
        for name in MEASURED:
            assert other[name] == pytest.approx(row[name], abs=1e-5)
    for weights, others in zip(one.weights(), several.weights(), strict=True):
        np.testing.assert_allclose(others, weights, atol=1e-5)
    part = 16 // count
    assert f"replicas: {count}, each gets {part} of the 16 examples of a batch" in several.said
