"""`bigmodel train`: what a person and a script get to see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tf


def test_a_person_sees_progress_results_and_the_next_command(bigmodel, tiny, tmp_path):
    outcome = bigmodel("train", tiny, "training.epochs=2", "--runs-dir", "my runs")
    assert outcome.code == 0
    (run,) = Path("my runs/tiny").iterdir()
    first, epochs, result, report = outcome.out.splitlines()
    assert first == f"run       {run}"
    assert epochs.startswith("epochs    2 in ") and ", best: " in epochs and ", val_accuracy 0." in epochs
    assert result.startswith("result    test_loss ") and ", test_accuracy 0." in result
    assert " (95 % interval 0." in result
    assert report == f"report    {run}/report.html" and (run / "report.html").exists()
    lines = outcome.err.splitlines()
    assert lines[0] == "data: 96 train, 12 validation, 12 test; 3 classes; each example 6 × 6 × 1 uint8"
    assert lines[1] == "model: 643 parameters"
    assert lines[2].startswith("device: cpu (") and "no XLA" in lines[2]
    assert lines[3] == f"run: {run}"
    assert [line.split(":")[0] for line in lines[4:6]] == ["epoch 1/2", "epoch 2/2"]
    assert (
        "val_accuracy 0." in lines[5] and "learning_rate 1.00e-02, " in lines[5] and "examples/s" in lines[5]
    )
    # Twelve examples say little, which `train` says too, not the report alone.
    (few,) = [line for line in lines if "are few" in line]
    assert few.startswith(
        "advice: 12 test and 12 validation examples are few: accuracy may be anything from "
    )
    assert lines[lines.index(few) + 1] == "  data.validation=0.2 data.test=0.2"
    assert lines[-2:] == [
        "  bigmodel evaluate --runs-dir 'my runs'",
        "  bigmodel predict IMAGE.png --runs-dir 'my runs'",
    ]


def test_a_script_gets_one_document(bigmodel, tiny):
    outcome = bigmodel("train", tiny, "training.epochs=1", 'expect.test_accuracy=">= 0"', "--json")
    assert outcome.code == 0
    document = outcome.json
    assert list(document) == [
        "run",
        "epochs",
        "seconds",
        "parameters",
        "best",
        "stopped",
        "test",
        "gates",
        "advice",
    ]
    assert (document["epochs"], document["parameters"]) == (1, 643)
    assert 0 <= document["test"]["accuracy"] <= 1 and document["test"]["loss"] > 0
    assert document["best"]["epoch"] == 1 and document["gates"][0]["met"] is True
    assert "data.validation=0.2 data.test=0.2" in [advice["words"] for advice in document["advice"]]
    record = json.loads(Path(document["run"], "run.json").read_text())
    assert record["test"] == document["test"]


def test_removed_and_changed_keys_are_in_the_run(bigmodel, tiny):
    document = bigmodel("train", tiny, "~preprocessing", "name=other", "training.epochs=1", "--json").json
    run = Path(document["run"])
    assert run.parent.name == "other"
    assert "preprocessing: []" in (run / "config.yaml").read_text()
    assert json.loads((run / "run.json").read_text())["overrides"] == [
        "~preprocessing",
        "name=other",
        "training.epochs=1",
    ]


def test_runs_go_where_the_environment_says(bigmodel, tiny, monkeypatch, tmp_path):
    monkeypatch.setenv("BIGMODEL_RUNS", str(tmp_path / "elsewhere"))
    outcome = bigmodel("train", tiny, "training.epochs=1")
    assert outcome.code == 0
    assert len(list((tmp_path / "elsewhere/tiny").iterdir())) == 1
    # The next command finds them there by itself.
    assert outcome.err.endswith("\n  bigmodel evaluate\n  bigmodel predict IMAGE.png\n")


@pytest.mark.slow
def test_a_terminal_gets_a_live_display(tiny, tmp_path):
    """In a process of its own under a pseudo-terminal, as a person runs it."""
    pty = pytest.importorskip("pty")
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "bigmodel_cli", "train", tiny, "--runs-dir", "runs"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    process = subprocess.Popen(
        command, stdin=child, stdout=subprocess.PIPE, stderr=child, env=environment, cwd=tmp_path
    )
    os.close(child)
    shown = b""
    try:
        while block := os.read(parent, 65536):
            shown += block
    except OSError:
        pass  # Linux says so when the other end is closed.
    os.close(parent)
    out = process.communicate(timeout=60)[0].decode()
    assert process.returncode == 0
    assert out.startswith("run       runs/tiny/")
    text = shown.decode()
    assert "val_accuracy  learning_rate" in text and "  2/2" in text and "\x1b[" in text
    assert "Traceback" not in text and "WARNING" not in text


def test_a_gate_that_is_not_checked_is_said(bigmodel, tiny):
    outcome = bigmodel("train", tiny, "training.epochs=1", 'expect.validation_accuracy=">= 0"')
    assert outcome.code == 0
    assert (
        "expect: validation_accuracy: not checked: the evaluation of the test split has no such number"
        in (outcome.err)
    )
