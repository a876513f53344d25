"""Logs for TensorBoard: in the run's folder, in a resume too, and refused where the package is missing."""

from __future__ import annotations

import importlib.util

import pytest

from bigmodel_cli.errors import UsageError
from bigmodel_cli.training.tensorboard import require_tensorboard

pytestmark = pytest.mark.tf

needs_tensorboard = pytest.mark.skipif(
    not importlib.util.find_spec("tensorboard"), reason="tensorboard is not installed"
)


def scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    names = [name for name in events.Tags()["tensors"] if name.startswith("epoch_")]
    return {name: [event.step for event in events.Tensors(name)] for name in names}


@needs_tensorboard
def test_it_logs_where_tensorboard_looks_and_goes_on_there(bigmodel, tiny, tmp_path):
    assert bigmodel("train", tiny, "--tensorboard", "--runs-dir", "runs").code == 0
    (run,) = (tmp_path / "runs/tiny").iterdir()
    assert "TensorBoard" in (run / "config.yaml").read_text()
    assert not (tmp_path / "logs").exists()
    assert scalars(run / "tensorboard/validation")["epoch_loss"] == [0, 1]
    assert bigmodel("train", "--resume", run, "training.epochs=3", "--runs-dir", "runs").code == 0
    assert scalars(run / "tensorboard/train")["epoch_accuracy"] == [0, 1, 2]


@needs_tensorboard
def test_a_folder_of_ones_own(bigmodel, tiny, tmp_path):
    words = ["training.callbacks=[{TensorBoard: {log_dir: mine}}]", "--tensorboard", "--runs-dir", "runs"]
    assert bigmodel("train", tiny, *words).code == 0
    (run,) = (tmp_path / "runs/tiny").iterdir()
    assert scalars(run / "callbacks/mine/train")["epoch_loss"] == [0, 1]
    assert not list((tmp_path / "runs").rglob("tensorboard"))


def test_a_resume_takes_no_new_log(bigmodel):
    outcome = bigmodel("train", "--resume", "--tensorboard")
    assert outcome.code == 2 and "--tensorboard is for a new run" in outcome.err


def test_without_the_package(config, monkeypatch):
    callbacks = config("training.callbacks=[TensorBoard]").experiment.training.callbacks
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="needs the package tensorboard") as caught:
        require_tensorboard(callbacks)
    assert caught.value.hint == "pip install tensorboard"
    require_tensorboard([])
