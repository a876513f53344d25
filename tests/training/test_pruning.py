"""`compress.prune`: weights become 0 by a schedule, stay 0, and a resume goes on with the same ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.tf
# 80 examples in batches of 16: five steps in an epoch.
WORDS = ("training.epochs=4", "compress.prune={sparsity: 0.75, from: epoch 2, to: epoch 4}")
PLAIN = ("training.precision=float32", "training.jit_compile=false")


def zeros(model: Any) -> int:
    """How many of the 312 weights of both kernels are 0."""
    from bigmodel_cli.compressing.pruning import kernels_of

    return sum(int(np.sum(np.asarray(kernel) == 0)) for _, kernel in kernels_of(model))


def test_the_share_grows_by_the_cubic_schedule() -> None:
    from bigmodel_cli.compressing.pruning import Schedule

    schedule = Schedule.over(0.8, (2, 4), 10)
    assert (schedule.first, schedule.last, schedule.every) == (10, 30, 1)
    shares = [float(schedule.share(step)) for step in (10, 15, 20, 30)]
    assert shares == pytest.approx([0, 0.8 * (1 - 0.75**3), 0.8 * (1 - 0.5**3), 0.8])
    due = [bool(schedule.is_due(step)) for step in (9, 10, 30, 31)]
    assert due == [False, True, True, False]
    # The last change is made, whatever lies between two.
    long = Schedule.over(0.8, (1, 2), 10_007)
    assert (long.first, long.last, long.every) == (1, 10_007, 101)
    assert [step for step in range(9_990, 10_020) if long.is_due(step)] == [10_000, 10_007]
    assert Schedule.over(0.5, (1, 1), 10).share(1) == 0.5


def test_weights_go_that_their_kernel_would_miss_least() -> None:
    import tensorflow as tf

    from bigmodel_cli.compressing.pruning import _left

    kernels = [tf.constant([[3.0, -1.0], [2.0, 0.0]]), tf.constant([[0.01, -0.03]])]
    masks = [tf.constant([[True, True], [False, True]]), tf.constant([[True, True]])]
    # By hand: 9/9, 1/14, gone already, 0; 1/10, 9/9.
    assert [mask.numpy().tolist() for mask in _left(kernels, masks, tf.constant(4 / 6, tf.float64))] == [
        [[True, False], [False, False]],
        [[False, True]],
    ]
    first = _left(kernels, masks, tf.constant(3 / 6, tf.float64))
    assert first[1].numpy().tolist() == [[True, True]]


def test_zeros_come_by_the_schedule_and_stay(prepare: Callable[..., Any]) -> None:
    prepared = prepare(*WORDS, *PLAIN)
    training, feed = prepared.loop.training, prepared.loop.training.feed
    order = feed.epoch_order(seed=0, epoch=1)
    before: dict[str, np.ndarray] = {}
    for step in range(1, 21):
        training.run(feed.chunk(feed.rows(order, (step - 1) % 5, 1)))
        expected = 0.0 if step < 5 else 0.75 * (1 - (max(0, 15 - step) / 10) ** 3)
        for name, kernel in training.compression.pruning.kernels.items():
            values = np.asarray(kernel)
            assert not values[before.get(name, values) == 0].any()
            assert values.any()
            before[name] = values
        assert zeros(prepared.built.model) == round(expected * 312), step


@pytest.mark.parametrize(
    "words",
    [
        ("training.accumulate=3",),
        ("training.jit_compile=true",),
        ("training.precision=mixed_bfloat16",),
        ("optimizer={Adam: {learning_rate: 0.01, use_ema: true, ema_momentum: 0.5}}",),
        ("training.steps_per_execution=5",),
    ],
)
def test_whatever_computes_the_steps(prepare: Callable[..., Any], words: tuple[str, ...]) -> None:
    prepared = prepare(*WORDS, *words)
    prepared.run()
    assert zeros(prepared.built.model) == 234


def test_best_is_of_an_epoch_with_the_whole_sparsity(train: Callable[..., Any]) -> None:
    # A rate that ruins what was learnt: an earlier epoch would be the best.
    schedule = "{PiecewiseConstantDecay: {boundaries: [13], values: [0.02, 5.0]}}"
    trained = train(*WORDS, f"optimizer={{SGD: {{learning_rate: {schedule}}}}}", *PLAIN)
    values = trained.metrics["val_accuracy"]
    assert max(values[:3]) > values[3]
    assert trained.result.best["epoch"] == 4
    found = trained.record["compressed"]
    assert found["prune"]["sparsity"] == 0.75
    layers = found["prune"]["layers"]
    assert {name: one["weights"] for name, one in layers.items()} == {
        "dense/kernel": 288,
        "dense_1/kernel": 24,
    }
    assert sum(one["zeros"] for one in layers.values()) == 234
    assert found["zipped_bytes"] < 0.5 * found["bytes"]
    assert (
        "compress:\n  prune: {sparsity: 0.75, from: epoch 2, to: epoch 4, structure: none}"
        in trained.run.config.read_text()
    )
    page = trained.run.report.read_text()
    assert "75.0% of the weights of 2 kernels are 0 (234 of 312)" in page
    assert zeros(trained.model()) == 234


def test_auto_is_written_out(train: Callable[..., Any]) -> None:
    trained = train("training.epochs=2", "compress.prune.sparsity=0.5", *PLAIN)
    assert (
        "prune: {sparsity: 0.5, from: epoch 1, to: epoch 2, structure: none}"
        in trained.run.config.read_text()
    )
    assert trained.record["compressed"]["prune"]["sparsity"] == 0.5


def test_frozen_kernels_are_refused(prepare: Callable[..., Any]) -> None:
    from bigmodel_cli.errors import UsageError

    layers = "model=[Flatten, {Embedding: {input_dim: 256, output_dim: 3}}, GlobalAveragePooling1D, Softmax]"
    with pytest.raises(UsageError, match=r"compress\.prune: the model has no kernel that learns"):
        prepare(layers, "preprocessing=[]", "compress.prune.sparsity=0.5", *PLAIN)
