"""Which states are kept, which one is the best, and what is known of each."""

from __future__ import annotations

import json
import math
import resource
import shutil
import tempfile

import numpy as np
import pytest

from bigmodel_cli.config.schema import Checkpoint
from bigmodel_cli.errors import DataError, ResourceError
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.run_files import checkpoint_entry
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.training.checkpoints import Checkpoints
from bigmodel_cli.training.state import Moment, State
from bigmodel_cli.whole_files import read_sealed, sha256_of, write_sealed

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def model():
    import keras

    keras.utils.set_random_seed(0)
    inputs = keras.Input((2,))
    built = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    built.compile(optimizer="adam", loss="mse")
    return built


STEPS = 10


def end_epoch(checkpoints, model, moment, **how):
    """Ends an epoch of ten steps; whether it is the best so far."""
    state = State(moment, best=checkpoints.best, kept=checkpoints.kept)
    return checkpoints.epoch_ended(model, moment, STEPS * moment.epoch, lambda: state, **how)


@pytest.fixture
def keeping(tmp_path, model):
    """Feeds values of a monitored metric, epoch by epoch, and returns the checkpoints."""
    made = []

    def call(values, monitor="val_loss", **settings):
        checkpoints = Checkpoints(RunFolder(tmp_path), Checkpoint(**settings), monitor)
        made.append(checkpoints)
        bests, rows = [], ()
        for epoch, value in enumerate(values, 1):
            rows = (*rows, {"epoch": epoch, **({monitor: value} if monitor else {})})
            is_final = epoch == len(values)
            bests.append(end_epoch(checkpoints, model, Moment(epoch, rows=rows), is_final=is_final))
        checkpoints.wait()
        return checkpoints, bests

    yield call
    for checkpoints in made:
        checkpoints.close()


def saved(checkpoints):
    return sorted(path.name for path in checkpoints.run.checkpoints.iterdir())


@pytest.mark.parametrize(
    ("values", "monitor", "mode", "bests"),
    [
        ([3.0, 2.0, 2.0, 4.0, 1.0], "val_loss", "auto", [1, 2, 5]),
        ([0.1, 0.3, 0.3, 0.2, 0.4], "val_accuracy", "auto", [1, 2, 5]),
        ([3.0, 2.0, 4.0], "val_loss", "max", [1, 3]),
        ([math.nan, 2.0, math.nan, 1.0], "val_loss", "auto", [1, 2, 4]),
        ([5.0, 4.0, 6.0], None, "auto", [1, 2, 3]),
    ],
)
def test_the_best(keeping, values, monitor, mode, bests):
    checkpoints, found = keeping(values, monitor, mode=mode)
    assert [epoch for epoch, is_best in enumerate(found, 1) if is_best] == bests
    state = json.loads(checkpoints.run.checkpoint_state("best").read_text())
    assert state["epoch"] == bests[-1] == checkpoints.best["epoch"]
    assert state["value"] == (values[bests[-1] - 1] if monitor else None)


@pytest.mark.parametrize(
    ("losses", "bests"), [([0.7, 0.6, 0.5, 0.5], [1, 2, 3]), ([0.7, math.nan, 0.8, 0.6], [1, 4]), (None, [1])]
)
def test_of_epochs_that_are_alike_the_loss_decides(tmp_path, model, losses, bests):
    """Of few examples all are right early, when the model is hardly sure of any."""
    checkpoints = Checkpoints(RunFolder(tmp_path), Checkpoint(), "val_accuracy")
    rows, found = (), []
    for epoch in range(1, 5):
        loss = {} if losses is None else {"val_loss": losses[epoch - 1]}
        rows = (*rows, {"epoch": epoch, "val_accuracy": 1.0, **loss})
        if end_epoch(checkpoints, model, Moment(epoch, rows=rows), is_final=epoch == 4):
            found.append(epoch)
    checkpoints.close()
    assert found == bests


def test_a_best_that_is_no_number_is_null(keeping):
    checkpoints, _ = keeping([math.nan])
    assert json.loads(checkpoints.run.checkpoint_state("best").read_text())["value"] is None


def test_keep(keeping):
    checkpoints, _ = keeping([4.0, 3.0, 2.0, 1.0], keep=2)
    names = ["best", "epoch-0003", "epoch-0004", "last"]
    assert saved(checkpoints) == sorted(f"{name}.{end}" for name in names for end in ("json", "keras"))
    assert checkpoints.run.checkpoint_names() == names


def test_every_second_epoch_and_the_final_one(keeping):
    checkpoints, _ = keeping([4.0, 3.0, 2.0, 1.0, 0.5], keep=9, every="2 epochs")
    assert checkpoints.run.checkpoint_names() == ["best", "epoch-0002", "epoch-0004", "epoch-0005", "last"]


def test_a_state_fits_its_file(keeping, model):
    checkpoints, _ = keeping([4.0, 5.0])
    for name, epoch in (("best", 1), ("last", 2)):
        path = checkpoints.run.checkpoint(name)
        state = json.loads(checkpoints.run.checkpoint_state(name).read_text())
        previous = state.pop("previous")
        assert state.pop("seal") and (previous["epoch"] == 1 if name == "last" else previous is None)
        assert state == {
            "epoch": epoch,
            "step": 0,
            "monitor": "val_loss",
            "value": 3.0 + epoch,
            "iterations": int(model.optimizer.iterations),
            "bytes": path.stat().st_size,
            "sha256": sha256_of(path),
            "checkpoint": name,
            "run": None,
        }


def test_steps_and_time_decide_inside_an_epoch(keeping, monkeypatch):
    by_steps, _ = keeping([4.0], every="4 steps")
    assert [by_steps.steps_until_due(total) for total in (0, 1, 3, 4, 13)] == [4, 3, 1, 4, 3]
    assert [total for total in range(1, 13) if by_steps.is_due(total)] == [4, 8, 12]
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    by_time, _ = keeping([4.0], every="2 minutes")
    assert by_time.steps_until_due(7) is None and not by_time.is_due(1)
    now[0] += 119
    assert not by_time.is_due(1)
    now[0] += 1
    assert by_time.is_due(1)
    by_epoch, _ = keeping([4.0])
    assert by_epoch.steps_until_due(7) is None and not by_epoch.is_due(10)


def test_an_epoch_that_is_neither_best_nor_due_is_not_saved(keeping):
    checkpoints, _ = keeping([4.0, 5.0, 6.0], every="25 steps", keep=5)
    # 10, 20 and 30 steps: none is a multiple of 25, and the third is the last.
    assert checkpoints.run.checkpoint_names() == ["best", "epoch-0003", "last"]


@pytest.mark.parametrize("which", ["new", "previous"])
def test_a_process_may_end_between_the_json_file_and_the_name(keeping, which):
    """The JSON file comes first; what it says of the file that is still there holds."""
    checkpoints, _ = keeping([4.0, 3.0])
    run = checkpoints.run
    entry = checkpoint_entry(run, "best")
    new = {**entry, "sha256": "0" * 64, "epoch": 3}
    write_sealed(run.checkpoint_state("best"), {**(new if which == "previous" else entry), "previous": entry})
    assert checkpoint_entry(run, "best") == entry and entry["epoch"] == 2
    assert load_checkpoint(run, "best").count_params() == 3


def test_a_full_temporary_folder_is_no_damage(keeping):
    """Keras unpacks files there that hold more than its own members."""
    run = keeping([4.0])[0].run
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        with pytest.raises(ResourceError) as raised:
            load_checkpoint(run, "best")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.message == (
        f"{run.checkpoint('best')}: Keras unpacks it in {tempfile.gettempdir()}, "
        "which cannot be written: File too large"
    )
    assert raised.value.hint == "free some space, or let TMPDIR name another folder"


def test_a_damaged_best_is_made_again_from_its_twin(keeping):
    checkpoints, _ = keeping([4.0, 3.0])
    run, best = checkpoints.run, checkpoints.best
    whole = run.checkpoint("best").read_bytes()
    run.checkpoint("best").write_bytes(whole[:-50])
    again = Checkpoints(run, Checkpoint(), "val_loss")
    assert "best.keras is missing or damaged; made again from last.keras" in again.go_on(best, [])
    assert run.checkpoint("best").read_bytes() == whole and again.best == best
    again.close()


def test_names_that_a_process_did_not_live_to_give(keeping):
    """The best has its name first; killed there, the last one and the epoch's are those of an epoch ago."""
    checkpoints, _ = keeping([4.0, 3.0], keep=2)
    run, whole = checkpoints.run, checkpoints.run.checkpoint("best").read_bytes()
    for end in ("keras", "json"):
        (run.checkpoints / f"epoch-0002.{end}").unlink()
        shutil.copy(run.checkpoints / f"epoch-0001.{end}", run.checkpoints / f"last.{end}")
    older = read_sealed(run.checkpoint_state("last"))
    write_sealed(run.checkpoint_state("last"), {**older, "checkpoint": "last"})
    again = Checkpoints(run, Checkpoint(keep=2), "val_loss")
    assert again.go_on(checkpoints.best, [1, 2]) is None
    again.finish_naming("best", Moment(2))
    again.close()
    assert {run.checkpoint(name).read_bytes() for name in ("best", "last", "epoch-0002")} == {whole}
    assert checkpoint_entry(run, "last")["epoch"] == checkpoint_entry(run, "epoch-0002")["epoch"] == 2
    assert checkpoint_entry(run, "epoch-0001")["epoch"] == 1


def test_a_damaged_best_without_a_twin_is_given_up(keeping, model):
    checkpoints, _ = keeping([3.0, 4.0])
    run, best = checkpoints.run, checkpoints.best
    run.checkpoint("best").unlink()
    again = Checkpoints(run, Checkpoint(), "val_loss")
    assert "the best of what follows takes its place" in again.go_on(best, [])
    assert again.best is None
    assert end_epoch(again, model, Moment(3, rows=({"val_loss": 9.0},) * 3), is_final=True)
    again.close()
    assert checkpoint_entry(run, "best")["value"] == 9.0


def test_best_and_last_share_no_block_of_the_disk(keeping):
    checkpoints, _ = keeping([4.0], keep=2)
    files = [checkpoints.run.checkpoint(name) for name in ("best", "last", "epoch-0001")]
    assert len({path.stat().st_ino for path in files}) == 3
    assert len({path.read_bytes() for path in files}) == 1


def test_a_full_disk_leaves_the_earlier_checkpoint(keeping, monkeypatch, model):
    checkpoints, _ = keeping([4.0])
    before = checkpoints.run.checkpoint("best").read_bytes()

    def fails(_path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model, "save", fails)
    with pytest.raises(ResourceError, match=r"last.keras: cannot be written: No space left on device"):
        end_epoch(checkpoints, model, Moment(2, rows=({}, {"val_loss": 1.0})), is_final=True)
    assert checkpoints.run.checkpoint("best").read_bytes() == before
    assert saved(checkpoints) == ["best.json", "best.keras", "last.json", "last.keras"]


def test_what_fails_while_training_goes_on_is_told_before_the_next(keeping, monkeypatch, model):
    checkpoints, _ = keeping([4.0])

    def fails(_path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bigmodel_cli.training.checkpoints.bring_to_disk", fails)
    rows = ({}, {"val_loss": 1.0})
    end_epoch(checkpoints, model, Moment(2, rows=rows), is_final=True)
    with pytest.raises(ResourceError, match="cannot be written: No space left on device"):
        checkpoints.wait()
    assert saved(checkpoints) == ["best.json", "best.keras", "last.json", "last.keras"]
    assert checkpoint_entry(checkpoints.run, "last")["epoch"] == 1


def test_a_run_keeps_what_its_config_says(train):
    trained = train("training.checkpoint={keep: 2, every: 2 epochs, monitor: val_loss}", "training.epochs=5")
    assert trained.run.checkpoint_names() == ["best", "epoch-0004", "epoch-0005", "last"]
    losses = trained.metrics["val_loss"]
    assert trained.result.best["epoch"] == 1 + int(np.argmin(losses))
    assert trained.result.best["value"] == pytest.approx(min(losses))
    for name in ("best", "last", "epoch-0004"):
        assert trained.model(name).count_params() == trained.record["parameters"]


def test_without_a_monitor_the_last_epoch_is_the_best(train):
    """Whatever validation says: nothing is learned here, so that no epoch is better than the first."""
    words = ("optimizer.Adam.learning_rate=0.0", "training.epochs=3")
    assert train(*words).result.best["epoch"] == 1
    trained = train(*words, "training.checkpoint={monitor: null}")
    best = trained.result.best
    assert (best["epoch"], best["monitor"], best["value"]) == (3, None, None)
    assert "monitor: null" in trained.run.config.read_text()
    assert "val_loss" in trained.metrics


def test_the_last_checkpoint_goes_on_training_in_keras_alone(complete):
    import keras

    model = keras.models.load_model(complete.run.checkpoint("last"))
    assert int(model.optimizer.iterations) == 3 * 5
    assert model.optimizer.learning_rate.numpy() == pytest.approx(0.01)
    features = np.zeros((4, 6, 6, 1), np.uint8)
    assert np.isfinite(model.fit(features, np.eye(3)[[0, 1, 2, 0]], verbose=0).history["loss"][0])


def test_a_checkpoint_that_was_changed_is_not_loaded(keeping):
    checkpoints, _ = keeping([1.0])
    path = checkpoints.run.checkpoint("best")
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DataError, match=r"best.keras: damaged: its sha256"):
        load_checkpoint(checkpoints.run, "best")


@pytest.mark.parametrize(("seconds", "keep", "saved"), [(1.0, 1, 1), (6.0, 1, 4), (1.0, 2, 4)])
def test_a_trial_saves_short_epochs_only_where_they_are_best_or_last(
    tmp_path, model, monkeypatch, seconds, keep, saved
):
    clock = {"now": 100.0}
    monkeypatch.setattr("bigmodel_cli.training.checkpoints.time.monotonic", lambda: clock["now"])
    checkpoints = Checkpoints(RunFolder(tmp_path), Checkpoint(keep=keep), "val_loss", patience=5.0)
    names, rows = [], ()
    for epoch, value in enumerate((0.5, 0.6, 0.7, 0.8, 0.4, 0.9), 1):
        clock["now"] += seconds
        rows = (*rows, {"epoch": epoch, "val_loss": value})
        before = checkpoints._entries.get("last")
        end_epoch(checkpoints, model, Moment(epoch, rows=rows), is_final=epoch == 6)
        checkpoints.wait()
        names.append(checkpoints._entries.get("last") != before)
    checkpoints.close()
    assert sum(names[1:4]) + names[5] == saved
    assert names[5]
    assert checkpoint_entry(RunFolder(tmp_path), "best")["epoch"] == 5
    assert checkpoint_entry(RunFolder(tmp_path), "last")["epoch"] == 6
