"""`bigmodel train`: what a person and a script get to see."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bigmodel_cli.cli.trained import measured

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


@pytest.mark.parametrize(
    ("headline", "metrics", "shown"),
    [
        (
            "accuracy",
            {"loss": 0.5, "f1_score": 0.25, "accuracy": 0.75, "auc": 0.875},
            "test_loss 0.5000, test_f1_score 0.2500, test_accuracy 0.7500 (95 % interval 0.7000 to 0.8000), "
            "test_auc 0.8750",
        ),
        (
            "mean_absolute_error",
            {"loss": 0.5, "r2_score": 0.25, "mae": 4.0, "mean_absolute_error": 4.0, "r2": 0.25},
            "test_loss 0.5000, test_mean_absolute_error 4.0000 (95 % interval 3.0000 to 5.0000), "
            "test_r2 0.2500",
        ),
        ("loss", {"loss": 0.5}, "test_loss 0.5000"),
    ],
)
def test_the_interval_stands_behind_its_own_number(headline, metrics, shown):
    intervals = {
        "accuracy": {"low": 0.7, "high": 0.8},
        "mean_absolute_error": {"low": 3.0, "high": 5.0},
        "r2": {"low": 0.2, "high": 0.3},
    }
    result = SimpleNamespace(
        evaluation=SimpleNamespace(split="test", metrics=metrics),
        document={"intervals": intervals},
        headlines=[headline],
    )
    assert measured(result) == shown


def test_a_gate_that_is_not_measured_is_missed(bigmodel, tiny, tmp_path):
    words = ("training.epochs=1", 'expect={validation_accuracy: ">= 0", test_loss: ">= 0"}')
    outcome = bigmodel("train", tiny, *words, "--json", "--junit", "g.xml", "--summary", "s.md")
    assert outcome.code == 4
    why = "the evaluation is of the test split"
    assert f"warning: expect: validation_accuracy: this gate will be missed: {why}" in outcome.err
    missed, met = outcome.json["gates"]
    assert missed == {
        "metric": "validation_accuracy",
        "expected": ">= 0",
        "value": None,
        "met": False,
        "reason": f"not measured: {why}",
    }
    assert met["met"] and met["reason"] is None
    said = f"validation_accuracy was not measured: {why} (expected >= 0)"
    assert f"error: quality gate missed: {said}" in outcome.err
    junit = (tmp_path / "g.xml").read_text()
    assert 'tests="2" failures="1"' in junit and "was not measured" in junit
    assert "not measured | **missed** |" in (tmp_path / "s.md").read_text()
    run = Path(outcome.json["run"])
    assert json.loads((run / "run.json").read_text())["gates"] == outcome.json["gates"]
    assert f"gate        {said}: MISSED" in bigmodel("runs", "show", run).out
    assert "found not measured" in (run / "report.html").read_text()
    evaluated = bigmodel("evaluate", run, "--json")
    assert evaluated.code == 4 and evaluated.json["gates"] == outcome.json["gates"]
    # Who names a split evaluates the others by another word.
    assert bigmodel("evaluate", run, "--split", "validation", "--json").code == 0


def test_a_split_that_there_is_not(bigmodel, tiny):
    words = ("training.epochs=1", "data.test=0", 'expect.test_accuracy=">= 0"')
    outcome = bigmodel("train", tiny, *words)
    assert outcome.code == 2 and "nothing produces 'test_accuracy'" in outcome.err
