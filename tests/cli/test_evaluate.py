"""`bigmodel evaluate`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.tf


@pytest.fixture
def runs(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained, "runs")
    return Path("runs")


@pytest.fixture
def run(runs):
    (folder,) = (runs / "tiny").iterdir()
    return folder


def test_the_newest_completed_run_is_named(bigmodel, runs, run):
    outcome = bigmodel("evaluate", "--runs-dir", "runs")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0].startswith("test (12 examples): loss ") and ", accuracy 0." in lines[0]
    rows = [line.split() for line in lines if "class_" in line]
    assert [row[0] for row in rows] == ["class_0", "class_1", "class_2"]
    assert [row[-1] for row in rows] == ["4", "4", "4"]
    assert outcome.err.splitlines() == [
        f"run: {run} (the newest completed one)",
        f"written: {run}/evaluation/",
        "",
        "next:",
        "  bigmodel predict IMAGE.png --runs-dir runs",
    ]


def test_it_says_what_training_said(bigmodel, run):
    document = bigmodel("evaluate", run, "--json").json
    recorded = json.loads((run / "run.json").read_text())["test"]
    assert document["test"] == pytest.approx(recorded, rel=1e-6)
    assert document["split"] == "test" and document["checkpoint"] == "best" and document["examples"] == 12
    assert sum(map(sum, document["confusion_matrix"])) == 12
    assert [row["class"] for row in document["per_class"]] == ["class_0", "class_1", "class_2"]
    assert document["gates"] == []


@pytest.mark.parametrize(("split", "examples"), [("train", 96), ("validation", 12)])
def test_another_split(bigmodel, run, split, examples):
    outcome = bigmodel("evaluate", run, "--split", split, "--json")
    assert outcome.code == 0
    assert outcome.json["examples"] == examples and outcome.json[split]["accuracy"] > 0
    assert (run / f"evaluation/predictions_{split}.csv").read_text().count("\n") == examples + 1


def test_validation_is_the_row_of_the_best_epoch(bigmodel, run):
    found = bigmodel("evaluate", run, "--split", "validation", "--json").json["validation"]
    epoch = json.loads((run / "checkpoints/best.json").read_text())["epoch"]
    header, *rows = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
    row = dict(zip(header, rows[epoch - 1], strict=True))
    assert found["loss"] == pytest.approx(float(row["val_loss"]), rel=1e-6)
    assert found["accuracy"] == pytest.approx(float(row["val_accuracy"]), rel=1e-6)


def test_another_checkpoint_does_not_pass_for_the_best(bigmodel, run):
    before = (run / "evaluation/test.json").read_bytes()
    assert bigmodel("evaluate", run, "--checkpoint", "last", "--json").json["checkpoint"] == "last"
    assert (run / "evaluation/test.json").read_bytes() == before
    assert json.loads((run / "evaluation/test_last.json").read_text())["checkpoint"] == "last"
    assert (run / "evaluation/predictions_test_last.csv").exists()


def test_a_run_by_its_name_and_by_its_place(bigmodel, runs, run):
    by_name = bigmodel("evaluate", "tiny", "--runs-dir", "runs")
    by_place = bigmodel("evaluate", f"tiny/{run.name}", "--runs-dir", "runs")
    assert by_name.code == by_place.code == 0
    assert by_name.out == by_place.out
    assert "(the newest" not in by_name.err
    assert "bigmodel predict IMAGE.png --run tiny --runs-dir runs" in by_name.err


def test_a_moved_run_is_still_whole(bigmodel, run, tmp_path):
    moved = tmp_path / "a b" / "elsewhere"
    shutil.move(run, moved)
    assert bigmodel("evaluate", moved).code == 0
