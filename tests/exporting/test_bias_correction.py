"""Rounded kernels leave the mean of what layers give where it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bigmodel_cli.exporting.bias_correction import corrected

pytestmark = pytest.mark.tf


def rounded(kernel: np.ndarray, axis: Any) -> np.ndarray:
    step = np.abs(kernel).max(axis=axis, keepdims=True) / 127
    return np.round(kernel / step) * step


def test_means_stay_and_biases_come_back() -> None:
    """Of kernels of 1 × 1 the mean of the outputs follows from that of the inputs, so that it is met."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    inputs = keras.Input((4, 4, 3), name="input")
    conv, norm = layers.Conv2D(6, 1, use_bias=False), layers.BatchNormalization()
    depthwise, own = layers.DepthwiseConv2D(1, depth_multiplier=2), layers.Dense(5)
    tensor = norm(conv(inputs))
    model = keras.Model({"input": inputs}, {"label": own(depthwise(tensor))})
    rng = np.random.default_rng(0)
    norm.set_weights([rng.uniform(0.5, 2, weight.shape) for weight in norm.get_weights()])
    examples = [{"input": rng.uniform(0, 9, (1, 4, 4, 3)).astype("float32")} for _ in range(8)]
    stacked = np.concatenate([one["input"] for one in examples])
    names = {"norm": norm, "depthwise": depthwise, "own": own}
    probe = keras.Model(inputs, [names["norm"].output, depthwise.output, own.output])
    means = [np.mean(found, axis=(0, 1, 2)) for found in probe.predict(stacked, verbose=0)]
    before = model.get_weights()

    with corrected(model, lambda: iter(examples)):
        # Each layer by itself: what it is given is as it was.
        gamma, _, _, variance = (weight.numpy() for weight in norm.weights)
        scale = gamma / np.sqrt(variance + norm.epsilon)
        given = stacked.mean(axis=(0, 1, 2))
        folded = rounded(conv.kernel.numpy()[0, 0] * scale, 0)
        shift = norm.beta.numpy() - norm.moving_mean.numpy() * scale
        np.testing.assert_allclose(given @ folded + shift, means[0], rtol=1e-4)
        kernel = rounded(depthwise.kernel.numpy()[0, 0][None], 0)[0]
        found = (means[0][:, None] * kernel).reshape(-1) + depthwise.bias.numpy()
        np.testing.assert_allclose(found, means[1], rtol=1e-4)
        found = means[1] @ rounded(own.kernel.numpy(), 0) + own.bias.numpy()
        np.testing.assert_allclose(found, means[2], rtol=1e-4, atol=1e-4)
        assert np.abs(own.bias.numpy()).max() > 0, "there was something to make up for"
    for found, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, expected)
