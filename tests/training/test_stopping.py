"""Which callback ended a run is said, written down and shown; Keras itself says nothing of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bigmodel_cli.cli.commands.runs.show import _stopped
from bigmodel_cli.stopped import Stopped, read_stopped

pytestmark = pytest.mark.tf


def early(**arguments):
    import keras

    return keras.callbacks.EarlyStopping(**{"monitor": "val_loss", "mode": "min", **arguments})


def stopped_by(callbacks, values, name="val_loss", first=1, num_epochs=9):
    """What is found after epochs with these values; the last one ends training."""
    import keras

    from bigmodel_cli.training.stopping import who_stopped

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = False
    together = keras.callbacks.CallbackList(callbacks, model=model, add_history=True)
    together.on_train_begin()
    for epoch, value in enumerate(values, first):
        assert not model.stop_training
        together.on_epoch_end(epoch - 1, {"val_loss": 1.0, name: value})
    assert model.stop_training
    return who_stopped(together.callbacks, first + len(values) - 1, num_epochs)


@pytest.mark.parametrize(
    ("arguments", "values", "says"),
    [
        ({"patience": 2}, [3, 1, 2, 2], "val_loss was not better than 1 (epoch 2) for 2 epochs"),
        ({"patience": 1}, [3, 1.23456, 2], "val_loss was not better than 1.235 (epoch 2) for 1 epoch"),
        ({"patience": 0}, [1, 2], "val_loss was not better than 1 (epoch 1) for 1 epoch"),
        (
            {"patience": 2, "min_delta": 0.5, "restore_best_weights": True},
            [3, 2.9, 2.8],
            "val_loss was not better by 0.5 than 3 (epoch 1) for 2 epochs",
        ),
        (
            {"patience": 2, "monitor": "val_accuracy", "mode": "max", "min_delta": 0.1},
            [0.5, 0.55, 0.54],
            "val_accuracy was not better by 0.1 than 0.5 (epoch 1) for 2 epochs",
        ),
        (
            {"patience": 2, "baseline": 0.5},
            [3, 2, 2],
            "val_loss did not reach 0.5 in 3 epochs; the best was 2 in epoch 2",
        ),
        (
            {"patience": 2, "baseline": 5.0},
            [3, 4, 4],
            "val_loss was not better than 3 (epoch 1) for 2 epochs",
        ),
        ({"patience": 2}, [float("nan")] * 3, "val_loss was no number for 2 epochs"),
        (
            {"patience": 1, "start_from_epoch": 2},
            [1, 1, 3, 4],
            "val_loss was not better than 3 (epoch 3) for 1 epoch",
        ),
    ],
)
def test_what_early_stopping_waited_for(arguments, values, says):
    found = stopped_by([early(**arguments)], values, arguments.get("monitor", "val_loss"))
    assert str(found) == f"EarlyStopping after epoch {len(values)} of 9: {says}"
    # Through run.json it is the same, also where a later version has written more.
    written = json.loads(json.dumps({**found.as_json(), "of a later version": 1}))
    assert read_stopped(written) == found and _stopped(written) == f"by {found}"


def test_of_several_the_one_that_lost_patience_is_named():
    both = [early(patience=5), early(monitor="loss", patience=1)]
    assert stopped_by(both, [1, 2], name="loss").monitor == "loss"


def test_any_other_callback_is_named_by_its_class():
    import keras

    class Impatient(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    assert stopped_by([early(patience=5), Impatient()], [2, 1]) == Stopped("Impatient", 2, 9)
    assert str(stopped_by([Impatient()], [2, 1])) == "Impatient after epoch 2 of 9"
    two = stopped_by([Impatient(), keras.callbacks.TerminateOnNaN()], [2, 1])
    assert two.callback == "a callback"


def test_a_run_that_was_ended_says_so_everywhere(bigmodel, tiny, monkeypatch):
    monkeypatch.setenv("BIGMODEL_RUNS", "runs")
    waits = "training.callbacks=[{EarlyStopping: {monitor: loss, patience: 2, min_delta: 100}}]"
    whole = bigmodel("train", tiny, waits, "training.epochs=3", "--json")
    # The last epoch cuts nothing short, though the callback would have ended training there.
    assert (whole.code, whole.json["stopped"], whole.json["epochs"]) == (0, None, 3)
    assert "stopped" not in bigmodel("runs", "show").out
    done = bigmodel("train", "--resume", "tiny", "training.epochs=9", "--plain")
    assert done.code == 0, done.err
    best = bigmodel("runs", "show", "--json").json["best"]["epoch"]
    (line,) = [line for line in done.err.splitlines() if "ended by" in line]
    says = line.removeprefix("training was ended ")
    assert says.startswith("by EarlyStopping after epoch 4 of 9: loss was not better by 100 than ")
    assert says.endswith(" (epoch 1) for 3 epochs")
    assert f"stopped   {says}\n" in done.out and f"best: {best}, " in done.out
    # The epochs that were the best so far are marked, the best of all among them.
    epochs = [line for line in done.err.splitlines() if line.startswith("epoch ")]
    marked = [number for number, line in enumerate(epochs, 1) if ", best so far" in line]
    assert len(epochs) == 1 and (marked == [1]) == (best == 4)
    run = Path(done.out.split()[1])
    log = (run / "train.log").read_text()
    assert f"training was ended {says}\n" in log and f" best_epoch={best}\n" in log
    record = json.loads((run / "run.json").read_text())
    assert record["stopped"] | {"best": 0} == {
        "callback": "EarlyStopping",
        "epoch": 4,
        "num_epochs": 9,
        "monitor": "loss",
        "best": 0,
        "best_epoch": 1,
        "waited": 3,
        "min_delta": 100.0,
        "baseline": None,
        "why": None,
    }
    shown = bigmodel("runs", "show")
    assert f"stopped     {says}\n" in shown.out
    assert says.removeprefix("by ") in (run / "report.html").read_text("utf-8")
    assert bigmodel("runs", "show", "--json").json["stopped"] == record["stopped"]
    assert bigmodel("runs", "ls", "--json").json[0]["stopped"] == record["stopped"]
