"""SIGKILL of a tracked run at any moment, then `train --resume`: MLflow has each epoch once, and no gap."""

from __future__ import annotations

import csv
import signal
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.tf,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
CONFIG = """\
name: tracked
data:
  source: {synthetic: {shape: [6], num_classes: 3, num_examples: 600}}
model:
  - Dense: {units: 8, activation: relu}
  - Dense: {units: num_classes, activation: softmax}
loss: SparseCategoricalCrossentropy
optimizer: {Adam: {learning_rate: 1e-2}}
training: {epochs: 40, checkpoint: {every: 3 epochs}}
track: [{mlflow: {uri: "sqlite:///STORE"}}]
"""


def test_killed_at_random_moments(warm, tmp_path: Path, chance, how_many) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    config = tmp_path / "tracked.yaml"
    config.write_text(CONFIG.replace("sqlite:///STORE", uri))
    left, seconds = how_many(short=2, long=15), 12.0
    words = ["train", config, "--runs-dir", tmp_path / "runs"]
    while True:
        moment = (chance.uniform(0, seconds), signal.SIGKILL)
        ended = warm.run(*words, folder=tmp_path, signals=[moment] if left else [])
        runs = sorted((tmp_path / "runs" / "tracked").glob("*/run.json"))
        if runs:
            words = ["train", "--resume", runs[-1].parent]
        if ended.code != -signal.SIGKILL:
            assert ended.code == 0 or "nothing left to train" in ended.output, ended.output
            # One that was killed after its end still has what lacks sent.
            if not left or "nothing left to train" in ended.output:
                break
        left = max(0, left - 1)
    run = runs[-1].parent
    ended = warm.run("track", run, folder=tmp_path)
    assert ended.code == 0, ended.output
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    (found,) = client.search_runs([client.get_experiment_by_name("tracked").experiment_id])
    assert found.info.status == "FINISHED"
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    for name in [name for name in rows[0] if name != "epoch"]:
        history = client.get_metric_history(found.info.run_id, name)
        arrived = sorted((metric.step, metric.value) for metric in history)
        assert arrived == [(int(row["epoch"]), float(row[name])) for row in rows], name
    folder = Path(found.info.artifact_uri.removeprefix("file://"))
    for name in ("run.json", "metrics.csv", "report.html", "plots/curves.png", "evaluation/test.json"):
        assert (folder / name).read_bytes() == (run / name).read_bytes()
