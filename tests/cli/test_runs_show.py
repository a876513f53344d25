"""`runs show`: one run on one screen."""

from __future__ import annotations

import json

import pytest

from bigmodel_cli.run_folder import update_record
from bigmodel_cli.whole_files import write_json, write_sealed


def line(outcome, name):
    """What stands behind a word at the beginning of a line."""
    found = [text for text in outcome.out.splitlines() if text.startswith(f"{name:<11} ")]
    assert len(found) == 1, outcome.out
    return found[0].removeprefix(f"{name:<11} ")


def row(outcome, name):
    (found,) = [text.split() for text in outcome.out.splitlines() if text.split()[:1] == [name]]
    return found[1:]


def checkpointed(run, name="best", **entry):
    run.checkpoint(name).write_bytes(b"x" * 1500)
    write_sealed(run.checkpoint_state(name), {"epoch": 2, "step": 0, **entry})


def test_all_that_a_person_wants(bigmodel, make_run):
    sessions = [
        {"status": "interrupted", "seconds": {"steps": 6.0, "TensorFlow": 3.0}},
        {"status": "completed", "seconds": {"steps": 2.9, "export": 0.1}},
    ]
    gates = [{"metric": "test_accuracy", "expected": ">= 0.95", "value": 0.9, "met": False}]
    litert = {"examples": 100, "max_difference": 1.25e-7, "same_classes": True}
    parent = {"run": "runs/photos/1", "sha256": "0", "loaded": ["a", "b"], "new": ["dense"], "unused": []}
    run = make_run(
        sessions=sessions, gates=gates, litert=litert, parent=parent, overrides=["seed=0", "x=a b"]
    )
    checkpointed(run, monitor="val_accuracy", value=0.875)
    rule = {"temperature": 1.25, "positive": "dog", "threshold": 0.4, "split": "validation", "examples": 50}
    write_json(run.decision, rule)
    shown = bigmodel("runs", "show", "mnist")
    assert (shown.code, "warning" in shown.err) == (0, False)
    assert line(shown, "run") == run.title
    assert line(shown, "status") == "completed, started 2026-01-01 08:09, 2 epochs, 1:16, 2 sessions"
    assert line(shown, "time") == "steps 8.9 s (74%), TensorFlow 3.0 s (25%), the rest 0.1 s"
    assert line(shown, "device") == "cpu (a processor), float32, no XLA"
    assert line(shown, "model") == "1,234 parameters"
    assert line(shown, "config") == "mnist.yaml, with seed=0 'x=a b'"
    changed = ["data.batch_size: 128 (default 32)", "training.epochs: 2 (default 10)"]
    assert [text.strip() for text in shown.out.splitlines() if "(default" in text] == changed
    assert line(shown, "parent") == "weights of 2 layers are from runs/photos/1; new: dense"
    assert line(shown, "LiteRT") == "answers as Keras on 100 examples, within 1.2e-07"
    decision = "temperature 1.25, dog from 0.4 on; chosen on 50 examples of the validation split"
    assert line(shown, "decision") == decision
    assert line(shown, "gate") == "test_accuracy is 0.9, expected >= 0.95: MISSED"
    assert line(shown, "data") == "2 classes; each example 28 × 28 × 1 uint8"
    assert row(shown, "accuracy") == ["0.9000", "0.8900", "to", "0.9100"]
    assert row(shown, "macro.f1") == ["0.4500"]
    assert row(shown, "best") == ["2", "val_accuracy", "0.8750", "1.5", "kB"]
    assert line(shown, "files").startswith("8 files, ")
    assert shown.err == (
        f"\nnext:\n  bigmodel evaluate {run.title}\n  bigmodel predict ARRAY.npy --run {run.title}\n"
        "  bigmodel runs compare mnist\n"
    )


def test_json(bigmodel, make_run):
    run = make_run(sessions=[{"status": "completed", "process": 1, "seconds": {"steps": 2.0}}])
    document = bigmodel("runs", "show", "--json").json
    assert document["run"] == str(run.path) and document["status"] == "completed"
    assert document["time"] == {"steps": 2.0}
    assert document["sessions"] == [{"status": "completed", "seconds": {"steps": 2.0}}]
    assert document["results"]["test"]["accuracy"] == {"value": 0.9, "low": 0.89, "high": 0.91}
    assert document["results"]["test"]["brier_score"] == {"value": 0.125}
    assert document["config"]["not_default"] == [
        {"key": "data.batch_size", "value": 128, "default": 32},
        {"key": "training.epochs", "value": 2, "default": 10},
    ]
    assert document["data"]["classes"] == 2
    assert document["files"]["count"] == 5 and document["files"]["bytes"] > 1000
    assert document["problems"] == []


def test_an_unfinished_run_has_no_results_yet(bigmodel, make_run):
    run = make_run(status="interrupted", test={"accuracy": 0.5}, error="interrupted")
    shown = bigmodel("runs", "show", run.path)
    assert line(shown, "status").startswith("interrupted, started 2026-01-01 08:09, 2 epochs")
    assert line(shown, "error") == "interrupted"
    assert line(shown, "so far").endswith("val_loss 0.2500, val_accuracy 0.8750")
    assert "0.5000" not in shown.out
    assert shown.err == f"\nnext:\n  bigmodel train --resume {run.title}\n"
    document = bigmodel("runs", "show", run.path, "--json").json
    assert document["results"] == {} and document["last"]["val_accuracy"] == 0.875


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda run: run.config.write_text("seed: 1\n"), "config.yaml: damaged or changed"),
        (lambda run: run.evaluation("test").write_text("{}"), "test.json: damaged or changed"),
        (lambda run: run.checkpoint_state("best").unlink(), "the run has no checkpoints/best.json"),
        (lambda run: run.checkpoint_state("best").write_text("{"), "best.json: damaged"),
    ],
)
def test_what_is_damaged_is_named_and_the_rest_is_shown(bigmodel, make_run, damage, says):
    run = make_run()
    checkpointed(run)
    damage(run)
    shown = bigmodel("runs", "show", "mnist")
    assert shown.code == 0 and line(shown, "model") == "1,234 parameters"
    assert says in shown.err and shown.err.startswith("warning: ")
    assert row(shown, "accuracy")[0] == "0.9000"
    (problem,) = bigmodel("runs", "show", "mnist", "--json").json["problems"]
    assert says in problem


def test_a_damaged_record(bigmodel, make_run):
    run = make_run()
    run.record.write_text("{}")
    shown = bigmodel("runs", "show", run.path)
    assert shown.code == 0 and line(shown, "status") == "damaged"
    assert f"warning: {run.record}: damaged" in shown.err
    document = bigmodel("runs", "show", run.path, "--json").json
    assert set(document) == {"run", "status", "checkpoints", "files", "problems"}


def test_names_do_not_steer_the_terminal(bigmodel, make_run):
    make_run(error="a\x1b[2J\nb", name="\x1b[31m", config="a: [\n", overrides=["\x1b[1m=$x"])
    shown = bigmodel("runs", "show", "mnist")
    assert shown.code == 0 and "\x1b" not in shown.out + shown.err
    assert line(shown, "error") == "a\\x1b[2J\\x0ab"
    assert json.loads(bigmodel("runs", "show", "mnist", "--json").out)["error"] == "a\x1b[2J\nb"


def test_where_no_run_is_complete_the_newest_is_shown(bigmodel, make_run):
    make_run("mnist/20260101-000000", "failed")
    newest = make_run("mnist/20260102-000000", "running")
    for words in ([], ["mnist"]):
        assert line(bigmodel("runs", "show", *words), "run") == newest.title
    complete_one = make_run("mnist/20250101-000000")
    assert line(bigmodel("runs", "show"), "run") == complete_one.title


def test_no_run(refuses):
    refuses(2, "runs", "show", "nothing", says=("nothing: no such run",))


@pytest.mark.tf
def test_a_run_as_it_is_trained(bigmodel, trained):
    shown = bigmodel("runs", "show", "--runs-dir", trained)
    assert shown.code == 0 and "warning" not in shown.err
    for name in ("status", "time", "device", "model", "config", "LiteRT", "data", "files"):
        assert line(shown, name)
    document = bigmodel("runs", "show", "--runs-dir", trained, "--json").json
    assert document["problems"] == []
    assert [each["name"] for each in document["checkpoints"]] == ["best", "last"]
    accuracy = document["results"]["test"]["accuracy"]
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert document["config"]["not_default"] and document["epochs"] == 2


def test_the_record_may_lack_what_earlier_versions_did_not_write(bigmodel, make_run):
    run = make_run()
    record = run.read_record()
    for key in ("plan", "data", "signature", "versions", "parameters", "config", "overrides", "gates"):
        record.pop(key)
    write_sealed(run.record, record)
    update_record(run, {})
    assert bigmodel("runs", "show", "mnist").code == 0
    assert bigmodel("runs", "show", "mnist", "--json").json["status"] == "completed"
