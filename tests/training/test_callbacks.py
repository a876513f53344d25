"""Keras's own callbacks, unchanged, inside our loop."""

from __future__ import annotations

import csv
import importlib.util

import numpy as np
import pytest

from bigmodel_cli.errors import ConfigError, ResourceError, UsageError

pytestmark = pytest.mark.tf

LONG = "training.epochs=12"


def with_callback(text):
    return f"training.callbacks=[{text}]"


def test_early_stopping_restores_the_best_weights(prepare):
    # A learning rate that soon does more harm than good.
    stop = with_callback("{EarlyStopping: {monitor: val_loss, patience: 1, restore_best_weights: true}}")
    prepared = prepare(stop, LONG, "optimizer.Adam.learning_rate=0.3")
    rows = prepared.run()
    losses = [row["val_loss"] for row in rows]
    best = int(np.argmin(losses))
    assert len(rows) == best + 2 < 12
    history = prepared.loop._validate(1)
    assert history["val_loss"] == pytest.approx(losses[best], rel=1e-6)


def test_the_learning_rate_is_reduced_and_recorded(prepare):
    reduce = "{ReduceLROnPlateau: {monitor: val_loss, factor: 0.5, patience: 1, min_delta: 10}}"
    rows = prepare(with_callback(reduce), "training.epochs=4").run()
    assert [row["learning_rate"] for row in rows] == pytest.approx([0.01, 0.01, 0.005, 0.0025])


def test_csv_logger_has_the_rows(prepare, tmp_path):
    path = tmp_path / "log.csv"
    rows = prepare(with_callback(f"{{CSVLogger: {{filename: {path}}}}}")).run()
    with path.open() as file:
        logged = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in logged] == [row["epoch"] - 1 for row in rows]
    for name in ("loss", "accuracy", "val_loss", "learning_rate"):
        assert [float(row[name]) for row in logged] == pytest.approx([row[name] for row in rows])


def test_model_checkpoint_saves_the_best(prepare, tmp_path):
    import keras

    path = tmp_path / "best.keras"
    save = f"{{ModelCheckpoint: {{filepath: {path}, monitor: val_loss, save_best_only: true}}}}"
    prepared = prepare(with_callback(save), LONG, "optimizer.Adam.learning_rate=0.3")
    rows = prepared.run()
    model = keras.models.load_model(path)
    validation = prepared.splits.validation
    loss = model.evaluate(validation.store.array, np.eye(3)[validation.labels], verbose=0)[0]
    assert loss == pytest.approx(min(row["val_loss"] for row in rows), rel=1e-5)


def test_terminate_on_nan_is_built_and_harmless(prepare):
    assert len(prepare(with_callback("TerminateOnNaN")).run()) == 3


def test_backup_and_restore_goes_on_where_it_stopped(prepare, tmp_path):
    backup = f"{{BackupAndRestore: {{backup_dir: {tmp_path}/backup, delete_checkpoint: false}}}}"
    prepare(with_callback(backup)).run()
    again = prepare(with_callback(backup), "training.epochs=5").run()
    whole = prepare("training.epochs=5").run()
    assert [row["epoch"] for row in again] == [4, 5]
    for row, expected in zip(again, whole[3:], strict=True):
        assert (row["loss"], row["val_loss"]) == pytest.approx(
            (expected["loss"], expected["val_loss"]), rel=1e-5
        )
    with pytest.raises(UsageError, match="BackupAndRestore brought back 5 epochs"):
        prepare(with_callback(backup), "training.epochs=5").run()


def test_an_interrupted_training_keeps_its_backup(prepare, tmp_path):
    backup = with_callback(f"{{BackupAndRestore: {{backup_dir: {tmp_path}/backup}}}}")
    stopped = prepare(backup)

    def stop_after_two(progress, _row):
        if progress.epoch == 2:
            stopped.loop.stop.signal_number = 15

    stopped.loop.listener.epoch_ended = stop_after_two
    assert len(stopped.run()) == 2
    assert [row["epoch"] for row in prepare(backup).run()] == [3]
    assert not (tmp_path / "backup/training_metadata.json").exists()


@pytest.mark.skipif(not importlib.util.find_spec("tensorboard"), reason="tensorboard is not installed")
def test_tensorboard_writes_events(prepare, tmp_path):
    prepare(with_callback(f"{{TensorBoard: {{log_dir: {tmp_path}/tb}}}}")).run()
    assert list((tmp_path / "tb").rglob("events.*"))


@pytest.mark.parametrize("callback", ["LearningRateScheduler", "LambdaCallback"])
def test_callbacks_that_need_code_are_refused_in_the_config(config, callback):
    with pytest.raises(ConfigError, match=rf"callbacks.0: {callback} cannot be written in a config"):
        config(with_callback(callback))


class TestAveragedWeights:
    EMA = "optimizer={Adam: {learning_rate: 0.05, use_ema: true, ema_momentum: 0.9}}"

    def test_what_is_validated_is_the_average(self, prepare):
        plain = prepare(self.EMA.replace("use_ema: true", "use_ema: false")).run()
        averaged = prepare(self.EMA)
        rows = averaged.run()
        assert [row["loss"] for row in rows] == pytest.approx([row["loss"] for row in plain], rel=1e-5)
        assert abs(rows[0]["val_loss"] - plain[0]["val_loss"]) > 1e-3

    def test_a_callback_of_the_config_is_not_doubled(self, prepare):
        import keras

        prepared = prepare(self.EMA, with_callback("{SwapEMAWeights: {swap_on_epoch: true}}"))
        callbacks = prepared.loop.callbacks.callbacks
        assert sum(isinstance(c, keras.callbacks.SwapEMAWeights) for c in callbacks) == 1

    def test_the_best_checkpoint_is_the_average(self, train):
        trained = train(self.EMA, "training.epochs=2", "data.test=0", "training.checkpoint.monitor=val_loss")
        assert trained.result.evaluation.split == "validation"
        assert trained.result.evaluation.metrics["loss"] == pytest.approx(
            min(trained.metrics["val_loss"]), rel=1e-5
        )


class TestWhereCallbacksWrite:
    ALL = (
        "{ModelCheckpoint: {filepath: 'kept/{epoch:02d}-{val_accuracy:.2f}.keras'}}, "
        "{CSVLogger: {filename: logs/rows.csv}}, {BackupAndRestore: {backup_dir: backup}}"
    )

    def test_relative_paths_are_inside_the_run(self, train, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        run = train(with_callback(self.ALL)).run
        kept = sorted(path.name.partition("-")[0] for path in (run.callbacks / "kept").iterdir())
        assert kept == ["01", "02", "03"]
        assert len((run.callbacks / "logs/rows.csv").read_text().splitlines()) == 4
        assert (run.callbacks / "backup").parent.is_dir()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "tiny.yaml"]

    @pytest.mark.parametrize(
        "callback",
        [
            "ModelCheckpoint: {filepath: FILE/s.keras}",
            "CSVLogger: {filename: FILE/log.csv}",
            "CSVLogger: {filename: FOLDER}",
            "BackupAndRestore: {backup_dir: FILE}",
            "ModelCheckpoint: {filepath: 'FILE/{epoch}/s.keras'}",
        ],
    )
    def test_what_cannot_be_written_ends_with_exit_code_5_before_training(self, train, tmp_path, callback):
        (tmp_path / "file").write_text("")
        (tmp_path / "folder").mkdir()
        path = callback.replace("FILE", str(tmp_path / "file")).replace("FOLDER", str(tmp_path / "folder"))
        with pytest.raises(ResourceError) as caught:
            train(with_callback(f"{{{path}}}"))
        assert caught.value.exit_code == 5
        assert f"the callback {callback.partition(':')[0]} cannot write {tmp_path}" in caught.value.message
        assert not (tmp_path / "runs").exists()

    @pytest.mark.parametrize(
        "callback", ["CSVLogger: {filename: a/b.csv}", "ModelCheckpoint: {filepath: a/s.keras}"]
    )
    def test_so_does_what_fails_while_training(self, train, callback, monkeypatch):
        from keras.callbacks import CSVLogger, ModelCheckpoint

        def full(*_arguments, **_named):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(CSVLogger, "on_epoch_end", full)
        monkeypatch.setattr(ModelCheckpoint, "on_epoch_end", full)
        with pytest.raises(ResourceError, match=r"cannot write .*callbacks/a/.*: No space left on device"):
            train(with_callback(f"{{{callback}}}"))
