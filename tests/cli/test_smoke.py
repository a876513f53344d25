"""`train --smoke`: two batches through everything, in a folder that goes away."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.tf

STAGES = ["data", "TensorFlow", "model", "input", "steps", "callbacks", "validation", "checkpoints", "resume"]
STAGES += ["evaluation", "export", "plots", "report", "prediction"]


@pytest.fixture
def temporary(monkeypatch, tmp_path):
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_every_stage_is_named_and_nothing_stays(bigmodel, tiny, temporary, tmp_path):
    ended = bigmodel("train", tiny, "--smoke", "training.epochs=50", "expect.test_accuracy='> 1'", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["smoke"] == "works"
    assert [stage["stage"] for stage in ended.json["stages"]] == STAGES
    assert all(stage["seconds"] >= 0 for stage in ended.json["stages"])
    assert sum(stage["seconds"] for stage in ended.json["stages"]) <= ended.json["seconds"]
    assert not list(temporary.rglob("*")) and not list(tmp_path.rglob("run.json"))


def test_two_batches_are_trained_then_killed_and_gone_on_with(config_of, tiny, monkeypatch):
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training import smoke

    went, resume = [], smoke.resume

    def looking(run, *arguments, **named):
        before = run.read_record()
        resume(run, *arguments, **named)
        after = run.read_record()
        sizes = {name: split["examples"] for name, split in after["data"]["splits"].items()}
        went.append((before["status"], before["epochs"], after["status"], after["epochs"], sizes))
        assert [session["from"] for session in after["sessions"]] == ["the start", "the end of epoch 1"]

    monkeypatch.setattr(smoke, "resume", looking)
    smoke.Smoke(config_of(tiny, "data.batch_size=8"), Silent(), offline=True).run()
    sizes = {"train": 16, "validation": 12, "test": 12}
    assert went == [("interrupted", 1, "completed", 2, sizes)]


@pytest.fixture
def config_of():
    from bigmodel_cli.modeling.language import read_config

    return lambda path, *words: read_config(Path(path), words)


@pytest.mark.parametrize(
    ("words", "code", "stage"),
    [
        (["optimizer.Adam.learning_rate=1e30", "model.1.Dense.activation=null"], 5, "steps (training steps)"),
        (["data.source={npz: {path: nowhere.npz}}"], 3, "data (finding and reading the data)"),
    ],
)
def test_the_stage_that_fails_is_named(bigmodel, tiny, temporary, words, code, stage):
    ended = bigmodel("train", tiny, "--smoke", *words)
    assert (ended.code, ended.out) == (code, "")
    assert f"error: {stage} does not work: " in ended.err
    assert not list(temporary.rglob("run.json"))


def test_what_works_before_a_failure_is_shown(bigmodel, tiny, monkeypatch):
    from bigmodel_cli.errors import ResourceError

    def full(*_):
        raise ResourceError("no space left")

    monkeypatch.setattr("bigmodel_cli.training.conclusion.write_litert", full)
    ended = bigmodel("train", tiny, "--smoke", "--json")
    assert ended.code == ended.json["error"]["exit_code"] == 5
    assert ended.json["error"]["message"] == "export (the LiteRT model) does not work: no space left"
    assert "checkpoints" in ended.err and "  plots " not in ended.err


@pytest.mark.parametrize("option", [["--smoke"], ["--overfit", "12"]])
def test_ctrl_c_leaves_nothing_and_promises_nothing(bigmodel, tiny, temporary, tmp_path, monkeypatch, option):
    from bigmodel_cli.training.session import Session

    def interrupted(self, moment, *, is_final):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Session, "epoch_ended", interrupted)
    ended = bigmodel("train", tiny, *option)
    assert ended.code == 130
    assert f"error: interrupted; {option[0]} keeps nothing\n" in ended.err
    assert "go on with" not in ended.err and "is kept" not in ended.err
    assert not list(temporary.rglob("*")) and not list(tmp_path.rglob("run.json"))


def test_ctrl_c_within_its_two_batches_is_not_taken_for_its_own_kill(
    bigmodel, tiny, temporary, tmp_path, monkeypatch
):
    from bigmodel_cli.training.smoke import Killing

    end = Killing.epoch_ended

    def noted_before(self, progress, row):
        os.kill(os.getpid(), signal.SIGINT)
        end(self, progress, row)

    monkeypatch.setattr(Killing, "epoch_ended", noted_before)
    ended = bigmodel("train", tiny, "--smoke")
    assert (ended.code, ended.out) == (130, "")
    assert "error: interrupted; --smoke keeps nothing\n" in ended.err
    assert not list(temporary.rglob("*"))


@pytest.mark.parametrize("word", ["--resume", "--from"])
def test_no_run_is_named_beside_it(bigmodel, tiny, word):
    ended = bigmodel("train", tiny, "--smoke", word, "some")
    assert ended.code == 2
    assert f"--smoke tries a CONFIG, from its own beginning; {word} is for a run" in ended.err
