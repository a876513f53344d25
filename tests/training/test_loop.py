"""Our loop against plain Keras: the same batches in the same order give the same losses and weights."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.pipeline.order import epoch_order

pytestmark = pytest.mark.tf

# 77 training examples: the last batch of 16 has 13.
UNEVEN = (
    "data.source.synthetic.num_examples=97",
    "metrics=[accuracy, F1Score, {TopKCategoricalAccuracy: {k: 2}}]",
)
L2 = "model.1.Dense.kernel_regularizer={L2: {l2: 0.01}}"
DROPOUT = (
    "model=[Flatten, {Dense: {units: 8}}, {Dropout: {rate: 0.4}}, {Dense: {units: 3, activation: softmax}}]"
)
SCHEDULE = "optimizer={SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1}}, momentum: 0.9}}"
CLIPPED = "optimizer={AdamW: {clipnorm: 0.5, weight_decay: 0.01}}"


def fit_with_keras(prepared):
    """What `model.fit` makes of the same batches, as rows like those of the loop."""
    import keras

    def arrays(examples, order):
        labels = keras.utils.to_categorical(
            examples.labels[order], prepared.splits.signature.task.num_classes
        )
        return examples.store.array[order], labels

    train, validation = prepared.splits.train, prepared.splits.validation
    batch_size = prepared.experiment.data.batch_size
    for epoch in range(1, prepared.experiment.training.epochs + 1):
        order = epoch_order(len(train), seed=prepared.experiment.seed, epoch=epoch)
        history = prepared.built.model.fit(
            *arrays(train, order),
            batch_size=batch_size,
            shuffle=False,
            verbose=0,
            validation_data=arrays(validation, np.arange(len(validation))),
            validation_batch_size=batch_size,
        ).history
        yield {name: float(np.mean(values[0])) for name, values in history.items()}


@pytest.mark.parametrize("words", [(DROPOUT,), (L2, SCHEDULE), (CLIPPED,)])
def test_the_loop_is_what_fit_does(prepare, words):
    words = [*words, "training.epochs=2"]
    ours = prepare(*UNEVEN, *words)
    rows, weights = ours.run(), ours.built.model.get_weights()
    theirs = prepare(*UNEVEN, *words)
    for row, expected in zip(rows, fit_with_keras(theirs), strict=True):
        assert "val_f1_score" in expected
        assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    for found, expected in zip(weights, theirs.built.model.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert int(ours.built.model.optimizer.iterations) == 2 * 5


def test_the_regularizer_is_in_the_loss(prepare):
    plain, regularized = (
        prepare("training.epochs=1"),
        prepare(L2.replace("0.01", "10.0"), "training.epochs=1"),
    )
    assert regularized.run()[0]["loss"] > plain.run()[0]["loss"] + 1


def test_steps_per_execution_changes_nothing(prepare):
    words = [*UNEVEN, "training.epochs=1"]
    (expected,) = prepare(*words).run()
    for steps in (1, 100):
        (row,) = prepare(*words, f"training.steps_per_execution={steps}").run()
        for name in ("loss", "val_loss", "accuracy", "f1_score"):
            assert row[name] == pytest.approx(expected[name], rel=1e-6)


def test_the_order_is_a_function_of_seed_and_epoch():
    order = epoch_order(1000, seed=3, epoch=5)
    assert sorted(order) == list(range(1000))
    np.testing.assert_array_equal(order, epoch_order(1000, seed=3, epoch=5))
    for seed, epoch in [(3, 6), (4, 5), (5, 3)]:
        assert (order != epoch_order(1000, seed=seed, epoch=epoch)).mean() > 0.9


def test_another_seed_is_another_training(prepare):
    largest = 2**32 - 1
    first, second = (prepare(f"seed={seed}", "training.epochs=1").run()[0]["loss"] for seed in (0, largest))
    assert np.isfinite([first, second]).all()
    assert first != pytest.approx(second, rel=1e-3)


def test_what_the_listener_is_told(prepare):
    progress, rows = [], []
    prepared = prepare(*UNEVEN, "training.epochs=2")
    prepared.loop.listener.progressed = progress.append
    prepared.loop.listener.epoch_ended = lambda _progress, row: rows.append(row)
    assert prepared.run() == rows
    assert [(p.epoch, p.step, p.num_steps) for p in progress] == [
        (epoch, step, 5) for epoch in (1, 2) for step in (2, 4, 5)
    ]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert all(0 < row["examples_per_second"] < np.inf for row in rows)
    assert progress[-1].values["loss"] == rows[-1]["loss"]
    assert progress[-1].seconds_left == 0


def test_divergence_names_the_step(prepare):
    prepared = prepare("optimizer.Adam.learning_rate=1e30", "training.steps_per_execution=1")
    with pytest.raises(
        ResourceError, match=r"training diverged: the loss became (nan|inf) at step 2 of epoch 1"
    ):
        prepared.run()


def test_divergence_in_the_last_step_shows_in_validation(prepare):
    prepared = prepare("optimizer.Adam.learning_rate=1e30", "data.batch_size=200", "training.epochs=1")
    with pytest.raises(ResourceError, match=r"the validation loss became (nan|inf) in epoch 1"):
        prepared.run()


def test_a_graph_goes_with_the_model_that_it_trained(prepare):
    """TensorFlow keeps functions with a gradient of their own for ever, and graphs that they are used in."""
    prepared = prepare("training.epochs=1")
    prepared.run()
    (function,) = prepared.loop.training._run._functions.values()
    graph = weakref.ref(function.graph)
    del function, prepared
    gc.collect()
    assert graph() is None
