"""Where the time of a run goes."""

from __future__ import annotations

import json

import pytest

from bigmodel_cli.run_files import verify_run
from bigmodel_cli.training.stopwatch import PHASES, REPORT, STEPS, Stopwatch

pytestmark = pytest.mark.tf


def test_phases_add_up_to_the_session(train):
    trained = train()
    (session,) = trained.record["sessions"]
    # The page's own time is in no page, and so not in what the page is made of.
    assert list(session["seconds"]) == [name for name in PHASES if name != REPORT]
    assert all(seconds >= 0 for seconds in session["seconds"].values())
    assert sum(session["seconds"].values()) == pytest.approx(trained.record["seconds"], abs=0.2)
    assert not trained.run.profile.exists()


def test_a_profile_is_a_trace_and_a_table(train):
    trained = train(profile=True)
    (trace,) = trained.run.profile.glob("plugins/profile/*/*.xplane.pb")
    assert b"_train_many" in trace.read_bytes()
    log = trained.run.log.read_text()
    assert "where the time went (" in log and f"trace: tensorboard --logdir {trained.run.profile}" in log
    assert [line.split()[2] for line in log.splitlines() if line.endswith("training steps")] == [STEPS]
    assert all(file.state == "ok" for file in verify_run(trained.run))


def test_one_call_is_no_trace(train):
    trained = train("training.epochs=1", "training.steps_per_execution=100", profile=True)
    assert "no trace: training ended with its first call into TensorFlow" in trained.run.log.read_text()
    assert not trained.run.profile.exists()


def test_a_run_that_fails_has_its_times_too(train, tmp_path):
    with pytest.raises(Exception, match="the loss became"):
        train("optimizer.Adam.learning_rate=1e30", profile=True)
    (path,) = (tmp_path / "runs/tiny").iterdir()
    (session,) = json.loads((path / "run.json").read_text())["sessions"]
    assert session["seconds"]["steps"] > 0 and "evaluation" not in session["seconds"]


def test_the_stopwatch(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    watch = Stopwatch(began=100.0)
    for phase, seconds in (("steps", 6.0), ("data", 1.0), ("steps", 2.0)):
        with watch.phase(phase):
            now[0] += seconds
    now[0] += 1
    assert watch.total == 10
    assert watch.as_json() == {"data": 1.0, "steps": 8.0, "other": 1.0}
    assert watch.describe() == [
        "where the time went (10.0 s):",
        "  data            1.00 s   10%  finding and reading the data",
        "  steps           8.00 s   80%  training steps",
        "  other           1.00 s   10%  display, records, everything else",
    ]
