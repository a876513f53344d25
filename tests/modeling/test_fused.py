"""Fused operations compute what Keras computes, and leave Keras's objects as they were."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

pytestmark = pytest.mark.tf

STEPS = 5


def operations(function, *arguments):
    graph = function.get_concrete_function(*arguments).graph
    return {operation.type for operation in graph.get_operations()}


def model_of(seed=0, *, sparse=False):
    import keras

    keras.utils.set_random_seed(seed)
    if sparse:
        inputs = keras.Input((3,), dtype="int32")
        outputs = keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Embedding(7, 4)(inputs)))
    else:
        inputs = keras.Input((3,))
        outputs = keras.layers.Dense(2)(keras.layers.Dense(5, activation="tanh")(inputs))
    return keras.Model(inputs, outputs)


def trained(optimizer, *, fused, sparse=False):
    """Weights and optimizer state after some steps, and the operations that made them."""
    import tensorflow as tf

    from bigmodel_cli.modeling.fused.updates import fused_updates

    model = model_of(sparse=sparse)
    optimizer.build(model.trainable_variables)
    numbers = np.random.default_rng(0)
    features = numbers.integers(0, 7, (8, 3)) if sparse else numbers.normal(size=(8, 3)).astype("float32")
    targets = numbers.normal(size=(8, 2)).astype("float32")

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = optimizer.scale_loss(tf.reduce_mean((model(features) - targets) ** 2))
        gradients = tape.gradient(loss, model.trainable_variables)
        with fused_updates(optimizer) if fused else nullcontext():
            optimizer.apply(gradients, model.trainable_variables)

    for _ in range(STEPS):
        step()
    values = [variable.numpy() for variable in (*model.variables, *optimizer.variables)]
    return values, operations(step)


def optimizers():
    def made(name, **arguments):
        def make():
            import keras

            return getattr(keras.optimizers, name)(**arguments)

        return pytest.param(make, id=" ".join([name, *map(str, arguments)]))

    return [
        made("Adam", learning_rate=0.03, beta_1=0.8, epsilon=1e-4),
        made("Adam", learning_rate=0.03, clipnorm=0.1, use_ema=True),
        made("AdamW", learning_rate=0.03, weight_decay=0.1),
        made("SGD", learning_rate=0.1),
        made("SGD", learning_rate=0.1, momentum=0.9),
        made("SGD", learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    ]


@pytest.mark.parametrize("make", optimizers())
def test_fused_updates_are_keras_updates(make):
    plain, slow = trained(make(), fused=False)
    fused, quick = trained(make(), fused=True)
    for expected, found in zip(plain, fused, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    new = {name for name in quick - slow if name.startswith("ResourceApply")}
    assert len(new) == 1 and "update_step" not in vars(make())


def test_schedules_and_loss_scales_too():
    import keras

    def make():
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
        return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(schedule), initial_scale=8.0)

    plain, _ = trained(make(), fused=False)
    fused, _ = trained(make(), fused=True)
    for expected, found in zip(plain, fused, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_sparse_gradients_go_keras_way():
    import keras

    plain, _ = trained(keras.optimizers.Adam(0.1), fused=False, sparse=True)
    fused, quick = trained(keras.optimizers.Adam(0.1), fused=True, sparse=True)
    for expected, found in zip(plain, fused, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    assert "ResourceApplyAdam" in quick  # the dense layer's


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "Lion"])
def test_what_has_no_fused_operation_stays(name):
    import keras

    arguments = {"amsgrad": True} if name == "Adam" else {}
    plain, slow = trained(getattr(keras.optimizers, name)(0.01, **arguments), fused=False)
    fused, quick = trained(getattr(keras.optimizers, name)(0.01, **arguments), fused=True)
    assert quick == slow
    for expected, found in zip(plain, fused, strict=True):
        np.testing.assert_array_equal(found, expected)


def normalised(layer, features, *, fused, training=True):
    """Outputs, gradients and moving statistics of two calls in a row, and the operations."""
    import keras
    import tensorflow as tf

    from bigmodel_cli.modeling.fused.batch_norm import fused_batch_norm

    inputs = keras.Input(features.shape[1:])
    inner = keras.Model(inputs, layer(inputs), name="inner")
    model = keras.Sequential([keras.Input(features.shape[1:]), inner])
    given = tf.Variable(features)

    @tf.function
    def call():
        with tf.GradientTape() as tape, fused_batch_norm(model) if fused else nullcontext():
            outputs = model(given, training=training)
            loss = tf.reduce_sum(outputs**3)
        return outputs, *tape.gradient(loss, [given, *model.trainable_variables])

    call()
    values = [value.numpy() for value in (*call(), *layer.variables)]
    return values, operations(call)


@pytest.mark.parametrize("arguments", [{}, {"scale": False}, {"center": False, "momentum": 0.5}])
def test_fused_batch_norm_is_keras_batch_norm(arguments):
    import keras

    features = np.random.default_rng(0).normal(3.0, 2.0, (4, 3, 2, 5)).astype("float32")
    layer = keras.layers.BatchNormalization
    plain, slow = normalised(layer(**arguments), features, fused=False)
    fused, quick = normalised(layer(**arguments), features, fused=True)
    assert "FusedBatchNormV3" in quick and "FusedBatchNormGradV3" in quick
    assert "FusedBatchNormV3" not in slow
    for expected, found in zip(plain, fused, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-4)


@pytest.mark.parametrize(
    ("arguments", "shape", "training"),
    [
        ({"axis": 1}, (4, 3, 2, 5), True),
        ({"renorm": True}, (4, 3, 2, 5), True),
        ({"trainable": False}, (4, 3, 2, 5), True),
        ({}, (4, 5), True),
        ({}, (4, 3, 2, 5), False),
    ],
)
def test_other_batch_norms_stay(arguments, shape, training):
    import keras

    features = np.random.default_rng(0).normal(size=shape).astype("float32")
    layer = keras.layers.BatchNormalization
    plain, _ = normalised(layer(**arguments), features, fused=False, training=training)
    fused, quick = normalised(layer(**arguments), features, fused=True, training=training)
    assert "FusedBatchNormV3" not in quick
    for expected, found in zip(plain, fused, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_layers_are_as_before():
    import keras

    from bigmodel_cli.modeling.fused.batch_norm import fused_batch_norm

    layer = keras.layers.BatchNormalization()
    model = keras.Sequential([keras.Input((2, 2, 1)), layer])
    with fused_batch_norm(model):
        assert "call" in vars(layer)
    assert "call" not in vars(layer)


def test_half_precision_stays_half():
    import keras

    features = np.random.default_rng(0).normal(size=(4, 3, 2, 5)).astype("float32")

    def half():
        return keras.layers.BatchNormalization(dtype="mixed_bfloat16")

    plain, _ = normalised(half(), features, fused=False)
    fused, quick = normalised(half(), features, fused=True)
    assert "FusedBatchNormV3" in quick
    assert [value.dtype for value in fused] == [value.dtype for value in plain]
    for expected, found in zip(plain, fused, strict=True):
        np.testing.assert_allclose(found.astype("float32"), expected.astype("float32"), rtol=0.05, atol=0.1)


def augmented(layers, images, *, fused):
    """Images after layers, twice in a row, and the operations."""
    import tensorflow as tf

    from bigmodel_cli.modeling.augmentation import Augmentation
    from bigmodel_cli.modeling.fused.flips import fused_flips

    steps = [Augmentation(layer, mixes_labels=False) for layer in layers]
    steps = fused_flips(steps) if fused else steps

    @tf.function
    def call(features):
        for step in steps:
            features = step.layer(features, training=True)
        return features

    return [call(images).numpy(), call(images).numpy()], operations(call, images)


@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
@pytest.mark.parametrize("fill_mode", ["reflect", "nearest", "wrap", "constant"])
def test_a_flip_is_part_of_the_rotation_behind_it(mode, fill_mode):
    import keras

    def layers():
        return [
            keras.layers.RandomFlip(mode, seed=1),
            keras.layers.RandomRotation(0.2, fill_mode=fill_mode, seed=2),
        ]

    images = np.random.default_rng(0).uniform(0, 255, (16, 9, 12, 3)).astype("float32")
    plain, slow = augmented(layers(), images, fused=False)
    fused, quick = augmented(layers(), images, fused=True)
    assert "ReverseV2" in slow and "ReverseV2" not in quick
    for expected, found in zip(plain, fused, strict=True):
        # A pixel on the border between two ways to fill may fall to the other one.
        assert np.mean(np.abs(found - expected) > 0.05) < 2e-3
    assert np.abs(plain[0] - plain[1]).max() > 1


def test_other_flips_stay():
    import keras

    images = np.random.default_rng(0).uniform(0, 255, (4, 6, 6, 1)).astype("float32")
    for layers in (
        [keras.layers.RandomFlip(seed=1), keras.layers.RandomZoom(0.1, seed=2)],
        [keras.layers.RandomFlip(seed=1), keras.layers.RandomRotation(0.1, interpolation="nearest", seed=2)],
        [keras.layers.RandomRotation(0.1, seed=2), keras.layers.RandomFlip(seed=1)],
    ):
        _, operations_of_both = augmented(layers, images, fused=True)
        assert "ReverseV2" in operations_of_both
