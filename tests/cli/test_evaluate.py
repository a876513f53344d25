"""`bigmodel evaluate`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
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


def test_scores_and_intervals_are_shown(bigmodel, run):
    outcome = bigmodel("evaluate", run)
    document = json.loads((run / "evaluation/test.json").read_text())
    low, high = (document["intervals"]["accuracy"][end] for end in ("low", "high"))
    assert f"95 % intervals: accuracy {low:.4f} to {high:.4f}, macro.f1 " in outcome.out
    assert f"balanced_accuracy {document['scores']['balanced_accuracy']:.4f}" in outcome.out


@pytest.fixture
def two(runs, run):
    """Two runs, of which the second was trained less."""
    other = runs / "other" / run.name
    shutil.copytree(run, other)
    return run, other


def test_several_runs_side_by_side(bigmodel, two):
    outcome = bigmodel("evaluate", *two)
    assert outcome.code == 0
    rows = {line.split("  ")[0].strip(): line.split() for line in outcome.out.splitlines()}
    document = json.loads((two[0] / "evaluation/test.json").read_text())
    assert rows["accuracy"][1:] == [f"{document['metrics']['accuracy']:.4f}"] * 2
    assert rows["examples"][1:] == ["12", "12"]
    assert str(two[0]) in outcome.out and str(two[1]) in outcome.out
    found = bigmodel("evaluate", *two, "--json").json
    assert [one["run"] for one in found["runs"]] == [str(path) for path in two]
    assert found["runs"][0]["test"] == pytest.approx(found["runs"][1]["test"])


def test_a_gate_of_any_run_counts(bigmodel, two):
    outcome = bigmodel("evaluate", *two, "--fail-under", "accuracy=1.01")
    assert outcome.code == 4
    assert outcome.out.count("MISSED") == 2


def test_gates_inside_of_an_evaluation(bigmodel, run):
    worst = min(row["recall"] for row in bigmodel("evaluate", run, "--json").json["per_class"])
    assert bigmodel("evaluate", run, "--fail-under", f"per_class.recall.min={worst}").code == 0
    missed = bigmodel("evaluate", run, "--fail-under", "per_class.recall.min=1.01")
    assert missed.code == 4
    assert f"per_class.recall.min is {worst:.6g}, expected >= 1.01" in missed.err
    unknown = bigmodel("evaluate", run, "--fail-under", "per_class.recal.min=0.5")
    assert unknown.code == 2 and "did you mean per_class.recall.min?" in unknown.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["acuracy=0.5"], "there is no metric 'acuracy' to compare"),
        (["r2=0.5"], "there is no metric 'r2' to compare"),
        (["top_3_accuracy=0.5"], "there is no metric 'top_3_accuracy' to compare"),
        (["per_class.recall.owl=0.5"], "the run has no class 'owl'"),
        (["test_accuracy=0.5", "--split", "validation"], "the evaluation is of the validation split"),
        (["validation_accuracy=0.5"], "the evaluation is of the test split"),
        (["accuracy>=0.5"], "write accuracy=0.5: it fails where accuracy is lower"),
    ],
)
def test_what_no_evaluation_has_is_refused_before_loading(bigmodel, run, monkeypatch, words, says):
    from bigmodel_cli.inference import evaluate

    def must_not(*_):
        raise AssertionError("nothing is to be loaded")

    monkeypatch.setattr(evaluate, "evaluate_run", must_not)
    outcome = bigmodel("evaluate", run, "--fail-under", *words)
    assert outcome.code == 2 and says in outcome.err


def test_a_floor_by_the_name_that_expect_has(bigmodel, run):
    words = ("--fail-under", "test_accuracy=0%", "--fail-under", "test_macro.f1=1.01")
    outcome = bigmodel("evaluate", run, *words, "--json")
    assert outcome.code == 4
    assert [(gate["metric"], gate["met"]) for gate in outcome.json["gates"]] == [
        ("test_accuracy", True),
        ("test_macro.f1", False),
    ]


def test_files_for_ci(bigmodel, run, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "github.md"))
    outcome = bigmodel(
        "evaluate", run, "--fail-under", "accuracy=1.01", "--junit", "r.xml", "--summary", "s.md"
    )
    assert outcome.code == 4
    assert 'failures="1"' in (tmp_path / "r.xml").read_text()
    summary = (tmp_path / "s.md").read_text()
    assert "1 of 1 gates missed" in summary and "**missed**" in summary
    assert (tmp_path / "github.md").read_text() == summary
    assert "written: r.xml\nwritten: s.md\n" in outcome.err


def test_a_map_without_data(bigmodel, run):
    outcome = bigmodel("evaluate", run, "--map", "a=b")
    assert outcome.code == 2 and "--map is for the classes of --data" in outcome.err


def test_an_evaluation_of_other_data(bigmodel, run, tmp_path):
    rng = np.random.default_rng(0)
    labels = np.array(["class_0", "class_1", "class_2"] * 4)
    np.savez(tmp_path / "new.npz", x=rng.integers(0, 255, (12, 6, 6, 1), dtype=np.uint8), y=labels)
    outcome = bigmodel("evaluate", run, "--data", "new.npz", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["split"] == "new" and outcome.json["examples"] == 12
    assert (run / "evaluation/predictions_new.csv").read_text().count("\n") == 13


@pytest.mark.plots
def test_the_report_is_written_anew(bigmodel, run):
    page = run / "report.html"
    before = page.read_text()
    page.unlink()
    outcome = bigmodel("report", run)
    assert (outcome.code, outcome.out) == (0, f"{page}\n")
    assert page.read_text() == before
    assert bigmodel("runs", "verify", run).code == 0
    assert bigmodel("report", run, "--json").json == {"run": str(run), "report": str(page)}
