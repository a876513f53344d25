"""Folders of runs as training writes them, made without training, and what trackers have of them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from PIL import Image

from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.run_folder import STATE_MEMBER, RunFolder, update_record
from bigmodel_cli.whole_files import write_text

CONFIG = """\
name: small
seed: 3
data:
  source: {synthetic: {shape: [6], num_classes: 3}}
  batch_size: 32
model:
- Dense: {units: 8, activation: relu}
- Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer:
  Adam: {learning_rate: 0.01}
metrics: []
training: {epochs: 5}
track: [mlflow]
"""
COLUMNS = ["epoch", "seconds", "loss", "val_accuracy (%)"]
RESULTS = {"loss": 0.25, "accuracy": 0.875}
TRACKED = [*COLUMNS[1:], "test_loss", "test_accuracy", "best_epoch"]


def row(epoch: int) -> dict[str, float]:
    """What metrics.csv has of an epoch; the loss of the third is none."""
    loss = float("nan") if epoch == 3 else 1 / epoch
    return {"epoch": epoch, "seconds": 2.0, "loss": loss, "val_accuracy (%)": 10.0 * epoch}


def begin_run(path: Path, *, run_id: str = "a" * 32) -> RunFolder:
    """A run that has begun, with no epoch."""
    run = RunFolder(path)
    path.mkdir(parents=True)
    write_text(run.config, CONFIG)
    write_text(run.source_config, CONFIG)
    write_text(run.metrics, csv_row(COLUMNS))
    record = {
        "id": run_id,
        "status": "running",
        "started": "2026-11-28T12:00:00+0000",
        "host": "here",
        "versions": {"keras": "3.15.1"},
        "command": ["bigmodel", "train", "small.yaml"],
        "data": {"splits": {"train": {"examples": 480}}},
    }
    update_record(run, record)
    return run


def train(run: RunFolder, epochs: range, *, saved: int | None = None) -> None:
    """Add epochs; a checkpoint has those up to `saved`, or all."""
    with run.metrics.open("a", newline="") as file:
        for epoch in epochs:
            file.write(csv_row([str(row(epoch)[column]) for column in COLUMNS]))
    run.checkpoints.mkdir(exist_ok=True)
    with zipfile.ZipFile(run.checkpoint("last"), "w") as file:
        reached = epochs[-1] if saved is None else saved
        file.writestr(STATE_MEMBER, json.dumps({"moment": {"epoch": reached}}))


def complete(run: RunFolder, status: str = "completed") -> None:
    """End a run, with what its end leaves."""
    run.plot("curves").parent.mkdir(exist_ok=True)
    Image.new("RGB", (4, 3), "red").save(run.plot("curves"))
    write_text(run.report, "<p>report</p>")
    run.evaluation("test").parent.mkdir(exist_ok=True)
    write_text(run.evaluation("test"), "{}")
    ended = {"ended": "2026-11-28T12:01:00+0000", "test": RESULTS, "best": {"epoch": 5}}
    update_record(run, {"status": status, **(ended if status == "completed" else {})})


def files_of(run: RunFolder) -> dict[str, bytes]:
    """What is to arrive of a complete run."""
    names = ["config.yaml", "source.yaml", "run.json", "metrics.csv", "report.html"]
    names += ["plots/curves.png", "evaluation/test.json"]
    return {name: (run.path / name).read_bytes() for name in names}
