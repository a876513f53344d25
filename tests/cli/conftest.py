"""What the tests of commands share: running them in this process, and a run to use."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bigmodel_cli.cli.main import run


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Bigmodel = Callable[..., Outcome]


@pytest.fixture
def bigmodel(capfd: pytest.CaptureFixture[str]) -> Bigmodel:
    """Runs `bigmodel` with some words: `bigmodel("check", path)`."""

    def call(*words: str | Path) -> Outcome:
        capfd.readouterr()
        code = run([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Outcome(code, out, err)

    return call


TINY = """\
name: tiny
data:
  source: {synthetic: {shape: [6, 6, 1], num_classes: 3, num_examples: 120}}
  batch_size: 16
preprocessing:
  - Rescaling: {scale: 1/255}
model:
  - Flatten
  - Dense: {units: 16, activation: relu}
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.01}}
training:
  epochs: 2
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A config that trains in a moment."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with one completed run of the tiny config; tests must not change it."""
    folder = tmp_path_factory.mktemp("trained")
    config = folder / "tiny.yaml"
    config.write_text(TINY)
    runs = folder / "runs"
    assert run(["train", str(config), "--runs-dir", str(runs), "--plain"]) == 0
    return runs
