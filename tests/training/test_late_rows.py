"""Rows of tables that are updated late, in runs: who looks at weights inside an epoch, or goes on there."""

from __future__ import annotations

import numpy as np
import pytest
from broken_off import ended_by_a_signal

from bigmodel_cli.cli.main import run
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.modeling.fused import late_rows

pytestmark = [pytest.mark.slow, pytest.mark.tf]

# 240 training examples: 15 steps, in chunks of 2.
WORDS = (
    "data.source={table: {path: t.csv, target: liked, columns: "
    "{user: category, item: category, liked: number}}}",
    "preprocessing={category: [StringLookup]}",
    "model=[{Embedding: {name: u, inputs: [user], input_dim: user.vocabulary_size, output_dim: 3}}, "
    "{Embedding: {name: i, inputs: [item], input_dim: item.vocabulary_size, output_dim: 3}}, "
    "{Dot: {inputs: [u, i], axes: 1}}]",
    "loss=MeanSquaredError",
    "training.epochs=2",
)
CALLBACK = """\
import keras


class Watching(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.model.seen = [*getattr(self.model, "seen", []), self.model.get_weights()]
"""


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    numbers = np.random.default_rng(0)
    rows = (120 * numbers.random((300, 2)) ** 2).astype(int)
    lines = [f"u{user},i{item},{(user + item) % 5}" for user, item in rows]
    (tmp_path / "t.csv").write_text("\n".join(["user,item,liked", *lines]))


@pytest.fixture
def without(monkeypatch):
    """Lets no row be late from now on."""
    return lambda: monkeypatch.setattr(late_rows, "_TIMES", 10**9)


def weights_of(made):
    model = made.built.model
    return [variable.numpy() for variable in (*model.weights, *model.optimizer.variables)]


def test_a_model_of_tables_alone_learns_as_it_does_without(prepare, without):
    late = prepare(*WORDS)
    assert len(late.loop.training.of_late_rows()) == 3
    rows = late.run()
    without()
    plain = prepare(*WORDS)
    assert [row["loss"] for row in rows] == pytest.approx([row["loss"] for row in plain.run()], rel=1e-5)
    assert int(late.built.model.optimizer.iterations) == 30
    for found, expected in zip(weights_of(late), weights_of(plain), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_callbacks_that_look_at_weights_between_steps_see_no_late_ones(prepare, tmp_path, without):
    (tmp_path / "watching.py").write_text(CALLBACK)
    words = *WORDS, "code=watching.py", "training.callbacks=[Watching]"
    late = prepare(*words)
    late.run()
    without()
    plain = prepare(*words)
    plain.run()
    seen = late.built.model.seen
    assert len(seen) == 16
    for found, expected in zip(seen, plain.built.model.seen, strict=True):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("every, looks", [("epoch", False), (5, True)])
def test_a_checkpoint_of_keras_looks_where_it_counts_steps(every, looks):
    import keras

    from bigmodel_cli.training.callbacks import look_between_steps

    saves = keras.callbacks.ModelCheckpoint("c.keras", save_freq=every)
    assert look_between_steps([keras.callbacks.TerminateOnNaN(), saves]) is looks


def test_a_backup_from_inside_the_first_epoch_has_no_late_rows(prepare, tmp_path, without):
    def twice(folder):
        backup = f"{{BackupAndRestore: {{backup_dir: {folder}, save_freq: 4, delete_checkpoint: false}}}}"
        words = *WORDS, f"training.callbacks=[{backup}]", "training.epochs=1"
        prepare(*words).run()
        again = prepare(*words)
        again.run()
        return again

    late = twice(tmp_path / "late")
    without()
    plain = twice(tmp_path / "plain")
    assert int(late.built.model.optimizer.iterations) > 15
    for found, expected in zip(weights_of(late), weights_of(plain), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_steps_that_are_compiled_anew_go_on_with_rows_that_are_late(prepare):
    made = prepare(*WORDS)
    steps = made.loop.training
    feed = steps.feed
    order = feed.epoch_order(seed=0, epoch=1)
    steps.run(feed.chunk(feed.rows(order, 0, 5)))
    measured = steps.measures.results()
    anew = steps.traced_again()
    assert anew.measures.results() == measured and not anew.is_settled
    before = weights_of(made)
    steps.settle()
    settled = weights_of(made)
    for variable, value in zip(
        (*made.built.model.weights, *made.built.model.optimizer.variables), before, strict=True
    ):
        variable.assign(value)
    anew.settle()
    assert any(not np.array_equal(one, other) for one, other in zip(before, settled, strict=True))
    for found, expected in zip(weights_of(made), settled, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_run_goes_on_inside_an_epoch_with_steps_that_have_no_late_rows(config, tmp_path):
    path = config(*WORDS).path
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run(["train", str(path), *WORDS, "--runs-dir", str(whole), "--plain"]) == 0
    with ended_by_a_signal(3):
        run(["train", str(path), *WORDS, "--runs-dir", str(broken), "--plain"])
    (interrupted,) = broken.glob("*/*")
    assert run(["train", "--resume", str(interrupted), "--plain", "training.jit_compile=true"]) == 0
    (expected,) = whole.glob("*/*")
    losses = [read_metrics(one / "metrics.csv")["loss"] for one in (expected, interrupted)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
