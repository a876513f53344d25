"""A small search, in this process or in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigmodel_cli.modeling.language import read_searched
from bigmodel_cli.tuning.folder import SearchFolder
from bigmodel_cli.tuning.journal import Journal, Trial
from bigmodel_cli.tuning.search import Search
from bigmodel_cli.workers.job import Told

CONFIG = """\
name: small
data:
  source: {synthetic: {shape: [6], num_classes: 3, num_examples: 600}}
  batch_size: 32
model:
  - Dense: {units: 8, activation: relu}
  - Dropout: {rate: 0.1}
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 1e-2}}
training: {epochs: 3, deterministic: true}
tune:
  trials: 4
  keep: 2
  search: random
  space:
    optimizer.Adam.learning_rate: {log: [1e-4, 1e-1]}
    model.0.Dense.units: {integer: [4, 32], log: true}
    model.1: {choice: [{Dropout: {rate: {uniform: [0, 0.5]}}}, null]}
"""


@dataclass
class Notes:
    """What a watcher was told."""

    lines: list[str] = field(default_factory=list)

    def began(self, trial: Trial) -> None:
        self.lines.append(f"began {trial.number}")

    def told(self, trial: Trial, told: Told) -> None:
        pass

    def ended(self, trial: Trial) -> None:
        self.lines.append(f"ended {trial.number}")


def write_config(folder: Path, text: str = CONFIG) -> Path:
    path = folder / "small.yaml"
    path.write_text(text)
    return path


def search(config: Path, folder: Path, *words: str, workers: int = 1) -> tuple[Journal, Notes]:
    notes = Notes()
    searched = read_searched(config, words)
    return Search(searched, SearchFolder(folder), notes, workers).run(), notes


def events(folder: Path) -> list[dict[str, Any]]:
    """The journal without what a clock says."""
    lines = (folder / "journal.jsonl").read_text().splitlines()
    return [
        {key: value for key, value in json.loads(line).items() if key not in ("elapsed", "seconds")}
        for line in lines
    ]


def begin(config: Path, tunes: Path, *words: str) -> subprocess.Popen[str]:
    """A search in a process of its own."""
    command = [sys.executable, "-m", "bigmodel_cli", "tune", str(config), *words, "--tunes-dir", str(tunes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@dataclass(frozen=True)
class Done:
    config: Path
    folder: Path
    journal: Journal
    notes: Notes
