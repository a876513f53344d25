"""What the tests of explanations share: a network with weights set by hand, so that every answer is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.classification.task import Classification

SIDE = 16
# Only these pixels count.
PATCH = (slice(3, 7), slice(9, 13))
WEIGHT, BIAS = 0.5, -3.0
SIGNATURE = Signature.of(ImageKind(ImageFormat((SIDE, SIDE), "grayscale")), Classification(("off", "on")))


@pytest.fixture
def pixels() -> np.ndarray:
    """Dark noise with a bright patch."""
    found = np.random.default_rng(0).integers(0, 60, (SIDE, SIDE, 1), np.uint8)
    found[PATCH] += 180
    return found


@pytest.fixture
def by_hand() -> Callable[..., Any]:
    """Builds a network whose log-odds of `on` are half the sum of the patch's pixels (in 0 … 1) and the bias.

    Its one convolution, with the activation `copy`, copies the image. `tail` is a layer to follow the last.
    """
    import keras

    def build(
        *, units: int = 2, activation: str | None = "softmax", tail: Any = None, copy: str = "linear"
    ) -> Any:
        inputs = keras.Input(SIGNATURE.kind.shape, dtype="uint8", name="input")
        tensor = keras.layers.Rescaling(1 / 255)(keras.ops.cast(inputs, "float32"))
        convolution = keras.layers.Conv2D(1, 1, activation=copy, name="copy")
        tensor = keras.layers.Flatten(name="flat")(convolution(tensor))
        last = keras.layers.Dense(units, activation=activation, name="last")
        outputs = last(tensor)
        kernel = np.zeros((SIDE, SIDE, units), np.float32)
        kernel[(*PATCH, -1)] = WEIGHT
        bias = np.zeros(units)
        bias[-1] = BIAS
        convolution.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
        last.set_weights([kernel.reshape(-1, units), bias])
        return keras.Model(inputs, outputs if tail is None else tail(outputs))

    return build


@pytest.fixture
def log_odds() -> Callable[[np.ndarray], float]:
    """What that network must say of `on`."""
    return lambda pixels: WEIGHT * float(pixels[PATCH].astype(np.float64).sum()) / 255 + BIAS
