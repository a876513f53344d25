"""What masks count in losses: by pixels, by regions, nowhere where they are ignored; in parts as at once."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tf

MODEL = "  - Conv2D: {filters: num_classes, kernel_size: 1, activation: softmax}\n"
LOSSES = {
    "SparseCategoricalCrossentropy": "integer",
    "CategoricalCrossentropy": "one_hot",
    "CategoricalFocalCrossentropy": "one_hot",
    "Dice": "one_hot",
    "Tversky": "one_hot",
}


@pytest.fixture
def tasks(build):
    def make(loss):
        built = build(MODEL, shape=(5, 4, 2), dtype="float32", mask=(5, 4), classes=3, loss=loss)
        return built.tasks

    return make


@pytest.fixture
def batch():
    """Three masks of which some pixels count nowhere, and what a model says of them."""
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 3, (3, 5, 4)).astype(np.int8)
    return labels, rng.dirichlet([1, 1, 1], (3, 5, 4)).astype(np.float32)


def loss_of(tasks, labels, outputs):
    import tensorflow as tf

    from bigmodel_cli.inference.steps import Batch

    targets = tasks.targets({"label": tf.constant(labels)})
    scale = labels.size / (labels >= 0).sum()
    counts = {"label": tf.fill([len(labels)], tf.constant(scale, tf.float32))}
    weights = Batch(None, {"label": labels}, counts).weights(tasks, targets)
    y = tasks.for_loss(targets)
    return float(tasks.loss(None, y, {"label": tf.constant(outputs)}, weights, training=False))


@pytest.mark.parametrize("loss", LOSSES)
def test_ignored_pixels_count_nowhere(tasks, batch, loss):
    found, (labels, outputs) = tasks(loss), batch
    assert found.bound["label"].encoding == LOSSES[loss]
    others = outputs.copy()
    others[labels < 0] = [0.9, 0.05, 0.05]
    assert loss_of(found, labels, outputs) == pytest.approx(loss_of(found, labels, others), rel=1e-6)


@pytest.mark.parametrize("loss", ["SparseCategoricalCrossentropy", "CategoricalCrossentropy"])
def test_crossentropy_is_the_mean_over_pixels_that_count(tasks, batch, loss):
    labels, outputs = batch
    known = labels >= 0
    likely = np.take_along_axis(outputs[known], labels[known][:, None].astype(int), -1)
    assert loss_of(tasks(loss), labels, outputs) == pytest.approx(-np.log(likely).mean(), rel=1e-5)


def test_dice_is_of_the_pixels_that_count(tasks, batch):
    labels, outputs = batch
    known = labels >= 0
    right = np.eye(3)[labels[known]]
    expected = 1 - 2 * (right * outputs[known]).sum() / (right.sum() + outputs[known].sum())
    assert loss_of(tasks("Dice"), labels, outputs) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", ["Dice", "Tversky"])
def test_a_loss_of_the_whole_batch_is_not_computed_in_parts(build, loss):
    from bigmodel_cli.errors import UsageError
    from bigmodel_cli.training.steps import _require_mean

    whole = {"shape": (5, 4, 2), "dtype": "float32", "mask": (5, 4), "classes": 3}
    with pytest.raises(UsageError, match=f"loss: {loss} is of a whole batch") as caught:
        _require_mean(build(MODEL, loss=loss, **whole).model.loss)
    assert caught.value.hint == f"write loss: {{{loss}: {{axis: [1, 2]}}}}, which is of each image and class"
    _require_mean(build(MODEL, loss=f"{{{loss}: {{axis: [1, 2]}}}}", **whole).model.loss)


def test_metrics_leave_ignored_pixels_out(tasks, batch):
    import tensorflow as tf

    from bigmodel_cli.inference.steps import Measures

    found, (labels, outputs) = tasks("SparseCategoricalCrossentropy"), batch
    measures = Measures(found)
    measures.update(tf.constant(0.0), found.targets({"label": tf.constant(labels)}), {"label": outputs})
    known = labels >= 0
    right, told = labels[known], outputs.argmax(axis=-1)[known]
    ious = [((right == k) & (told == k)).sum() / ((right == k) | (told == k)).sum() for k in range(3)]
    assert measures.results()["mean_iou"] == pytest.approx(np.mean(ious), rel=1e-5)
    assert measures.results()["accuracy"] == pytest.approx((right == told).mean(), rel=1e-5)
