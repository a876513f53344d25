"""What a checkpoint holds beside what Keras puts into it, and that it comes back bit by bit."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.run_folder import STATE_ARRAYS_MEMBER, STATE_MEMBER
from bigmodel_cli.training.callback_state import callback_counters, go_on_writing, restore_counters
from bigmodel_cli.training.learning_rate import has_schedule, multiply_learning_rate
from bigmodel_cli.training.state import Moment, State, add_state, read_state

pytestmark = pytest.mark.tf


def small_model(optimizer):
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    model.compile(optimizer=optimizer, loss="mse")
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture
def saved(tmp_path):
    """A `.keras` file without a state of ours."""
    path = tmp_path / "m.keras"
    small_model("adam").save(path)
    return path


STATE = State(
    Moment(3, 7, 1.25, rows=({"epoch": 1, "loss": 0.1}, {"epoch": 2, "loss": float("nan")}), is_stopped=True),
    best={"epoch": 2, "step": 0, "value": float("nan")},
    kept=(1, 2),
    callbacks=[{"class": "EarlyStopping", "values": {"wait": 1, "best": None}, "weights": 0}],
    seconds=12.5,
    rollbacks=2,
    learning_rate_factor=0.25,
    arrays={
        "model/dropout/seed": np.array([1, 2**32 - 1], np.uint32),
        "callback_0_00000": np.float32([[0.1]]),
    },
)


def test_a_state_comes_back(saved):
    import keras

    add_state(saved, STATE)
    found = read_state(saved)
    assert json.dumps([vars(found.moment), found.best, list(found.kept), found.callbacks]) == json.dumps(
        [vars(STATE.moment), STATE.best, list(STATE.kept), STATE.callbacks]
    )
    assert (found.seconds, found.rollbacks, found.learning_rate_factor) == (12.5, 2, 0.25)
    for name, array in STATE.arrays.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)
    # Keras reads the file as if nothing had been added.
    assert keras.models.load_model(saved).count_params() == 10


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (Moment(), "the start"),
        (Moment(3), "the end of epoch 3"),
        (Moment(3, 7), "step 7 of epoch 4"),
        (Moment(0, 1), "step 1 of epoch 1"),
    ],
)
def test_a_moment_in_words(moment, words):
    assert str(moment) == words


@pytest.mark.parametrize(
    ("document", "arrays", "says"),
    [
        (None, None, "no training state in it"),
        ("{", b"", "no training state in it"),
        ('{"version": 1}', b"", "no training state in it"),
        ('{"version": 99, "moment": {}}', None, "its training state is of another version of bigmodel"),
    ],
)
def test_a_file_without_a_state_that_can_be_read(saved, document, arrays, says):
    stored = io.BytesIO()
    np.savez(stored)
    with zipfile.ZipFile(saved, "a") as archive:
        if document is not None:
            archive.writestr(STATE_MEMBER, document)
            archive.writestr(STATE_ARRAYS_MEMBER, stored.getvalue() if arrays is None else arrays)
    with pytest.raises(DataError, match=rf"m\.keras: {says}"):
        read_state(saved)


def test_the_loss_scale_comes_back(tmp_path):
    """Keras keeps it in the optimizer's variables, so the `.keras` file has it."""
    import keras

    def scaled():
        adam = keras.optimizers.Adam(0.01)
        return small_model(
            keras.optimizers.LossScaleOptimizer(adam, initial_scale=64.0, dynamic_growth_steps=2)
        )

    trained = scaled()
    trained.fit(np.ones((24, 4), np.float32), np.ones((24, 2), np.float32), batch_size=8, verbose=0)
    trained.save(tmp_path / "m.keras")
    fresh = scaled()
    fresh.load_weights(tmp_path / "m.keras")
    variables = [np.asarray(variable) for variable in trained.optimizer.variables]
    assert float(trained.optimizer.dynamic_scale) == 128.0
    assert float(fresh.optimizer.dynamic_scale) == 128.0
    assert int(fresh.optimizer.step_counter) == int(trained.optimizer.step_counter) == 1
    for found, expected in zip(fresh.optimizer.variables, variables, strict=True):
        np.testing.assert_array_equal(np.asarray(found), expected)


DRAWING = (
    "model=[{Dropout: {rate: 0.5}}, {Dropout: {rate: 0.4, name: mine}}, Flatten, "
    "{Dense: {units: num_classes}}]",
    "loss={CategoricalCrossentropy: {from_logits: true}}",
    "augmentation=[RandomFlip, {RandomFlip: {mode: horizontal}}]",
    "training.epochs=1",
)
METRICS = "metrics=[accuracy, AUC, {CategoricalAccuracy: {name: again}}]"
REVERSED = "metrics=[{CategoricalAccuracy: {name: again}}, AUC, accuracy]"


@pytest.fixture
def restorable(config):
    """What trains, as a config says it."""
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training.prepared import prepare
    from bigmodel_cli.training.restorable import Restorable

    def make(*words):
        experiment = config(*words).experiment
        return Restorable(prepare(experiment, load_splits(experiment, Silent(), offline=True), Silent()))

    return make


def trained(restorable, path):
    """A checkpoint after a step, and what it must bring back of seeds and metrics."""
    training = restorable.prepared.training
    training.run(training.feed.chunk(training.feed.rows(np.arange(16), 0, 1)))
    restorable.model.save(path)
    counters, arrays = restorable.take()
    add_state(path, State(Moment(0, 1), callbacks=counters, arrays=arrays))
    return arrays


def values(restorable):
    return {name: np.asarray(variable) for name, variable in restorable.prepared.training.variables().items()}


def test_seeds_and_metrics_have_names(restorable, tmp_path):
    arrays = trained(restorable(*DRAWING, METRICS), tmp_path / "m.keras")
    assert set(arrays) == {
        *(f"model/{layer}/seed_generator_state" for layer in ("dropout", "mine")),
        *(f"augmentation/{layer}/seed_generator_state" for layer in ("random_flip", "random_flip_1")),
        *(f"metrics/{name}/{part}" for name in ("loss", "accuracy", "again") for part in ("total", "count")),
        *(f"metrics/auc/{sign}_{what}s" for sign in ("true", "false") for what in ("positive", "negative")),
    }


def test_metrics_may_change_places(restorable, tmp_path):
    """By place `accuracy` would get what `again` has counted, which has the same shape."""
    arrays = trained(restorable(*DRAWING, METRICS), tmp_path / "m.keras")
    other = restorable(*DRAWING, REVERSED)
    other.put_back(tmp_path / "m.keras", {"iterations": 1})
    found = values(other)
    assert arrays["metrics/auc/true_positives"].any()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def in_order(path, arrays):
    """The same file as version 1 wrote it: seeds and metrics by their place."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    document = json.loads(members[STATE_MEMBER])
    stored = io.BytesIO()
    np.savez(stored, **{f"variable_{place:05d}": array for place, array in enumerate(arrays.values())})
    members |= {
        STATE_MEMBER: json.dumps({**document, "version": 1}).encode(),
        STATE_ARRAYS_MEMBER: stored.getvalue(),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)


def test_a_checkpoint_of_version_1_is_read_by_place(restorable, tmp_path):
    path = tmp_path / "m.keras"
    arrays = trained(restorable(*DRAWING, METRICS), path)
    in_order(path, arrays)
    other = restorable(*DRAWING, METRICS)
    other.put_back(path, {"iterations": 1})
    for name, array in arrays.items():
        np.testing.assert_array_equal(values(other)[name], array, err_msg=name)


@pytest.mark.parametrize("is_old", [True, False])
def test_what_another_config_saved_is_refused(restorable, tmp_path, is_old):
    path = tmp_path / "m.keras"
    arrays = trained(restorable(*DRAWING, METRICS), path)
    if is_old:
        in_order(path, arrays)
    with pytest.raises(DataError, match="its training state is not that of the run's config"):
        restorable(*DRAWING, "metrics=[accuracy, AUC]").put_back(path, {"iterations": 1})


class TestCallbacks:
    def callbacks(self, tmp_path):
        import keras

        made = [
            keras.callbacks.EarlyStopping(
                monitor="val_loss", patience=3, restore_best_weights=True, mode="min"
            ),
            keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=1, cooldown=2, mode="min"),
            keras.callbacks.ModelCheckpoint(
                str(tmp_path / "x.keras"), monitor="val_loss", save_best_only=True, mode="min"
            ),
            keras.callbacks.CSVLogger(str(tmp_path / "log.csv")),
        ]
        return keras.callbacks.CallbackList(made, model=small_model("adam"), add_history=True)

    def end_epochs(self, callbacks, losses, first=0):
        for epoch, loss in enumerate(losses, first):
            callbacks.on_epoch_begin(epoch)
            callbacks.on_epoch_end(epoch, {"loss": loss, "val_loss": loss})

    def test_counters_go_on_as_if_nothing_had_been(self, tmp_path):
        """After a break in the middle all of them decide as in one piece."""
        losses = [3.0, 2.0, 2.5, 2.6, 1.9, 2.0, 2.1, 2.2]
        whole = self.callbacks(tmp_path)
        whole.on_train_begin()
        self.end_epochs(whole, losses)

        first = self.callbacks(tmp_path)
        first.on_train_begin()
        self.end_epochs(first, losses[:4])
        rate = float(first.model.optimizer.learning_rate)
        # As they travel: through JSON.
        counters, arrays = callback_counters(first.callbacks)
        counters = json.loads(json.dumps(counters))

        second = self.callbacks(tmp_path)
        go_on_writing(second.callbacks)
        second.on_train_begin()
        restore_counters(second.callbacks, counters, arrays)
        second.model.optimizer.learning_rate = rate
        self.end_epochs(second, losses[4:], first=4)
        assert second.model.stop_training and whole.model.stop_training
        assert callback_counters(second.callbacks)[0] == callback_counters(whole.callbacks)[0]
        found, expected = (float(c.model.optimizer.learning_rate) for c in (second, whole))
        assert found == expected < rate
        second.on_train_end()
        lines = (tmp_path / "log.csv").read_text().splitlines()
        assert [line.split(",")[0] for line in lines] == ["epoch", *"0123", *"4567"]

    def test_best_weights_travel(self, tmp_path):
        first, second = self.callbacks(tmp_path), self.callbacks(tmp_path)
        for callbacks in (first, second):
            callbacks.on_train_begin()
        self.end_epochs(first, [1.0])
        counters, arrays = callback_counters(first.callbacks)
        assert counters[0] == {
            "class": "EarlyStopping",
            "values": {"wait": 0, "best": 1.0, "best_epoch": 0, "stopped_epoch": 0},
            "weights": 2,
        }
        restore_counters(second.callbacks, counters, arrays)
        for found, expected in zip(second.callbacks[0].best_weights, first.model.get_weights(), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "schedule",
    [
        (
            "CosineDecay",
            {"initial_learning_rate": 0.1, "decay_steps": 10, "warmup_target": 0.4, "warmup_steps": 3},
        ),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10}),
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "end_learning_rate": 0.01}),
        ("PiecewiseConstantDecay", {"boundaries": [4, 8], "values": [0.1, 0.2, 0.3]}),
        None,
    ],
)
def test_every_learning_rate_is_multiplied(schedule):
    import keras

    rate = 0.1 if schedule is None else getattr(keras.optimizers.schedules, schedule[0])(**schedule[1])
    optimizer = small_model(keras.optimizers.SGD(rate)).optimizer
    assert has_schedule(optimizer) is (schedule is not None)
    rates = []
    for factor in (1.0, 0.25):
        if factor != 1.0:
            multiply_learning_rate(optimizer, factor)
        for step in (0, 2, 5, 9):
            optimizer.iterations.assign(step)
            rates.append(float(optimizer.learning_rate))
    np.testing.assert_allclose(rates[4:], [0.25 * rate for rate in rates[:4]], rtol=1e-6)


@pytest.mark.tf
def test_low_rank_weights_come_back_as_they_were(train):
    """Keras saves their sum with the kernel, and would go on from zeros, which never learn again."""
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.metrics_file import read_metrics
    from bigmodel_cli.training.train import resume

    head = "{Dense: {units: num_classes, activation: softmax}}"
    model = f"model=[Flatten, {{Dense: {{units: 8, lora_rank: 2}}}}, {head}]"
    whole = train(model, "training.epochs=3", "training.deterministic=true")
    part = train(model, "training.epochs=2", "training.deterministic=true")
    resume(part.run, ["training.epochs=3"], [Silent()])
    assert read_metrics(part.run.metrics)["loss"] == pytest.approx(whole.metrics["loss"], rel=1e-5)
