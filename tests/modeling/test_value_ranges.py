"""Keras's layers that clip compute on [0, 1] what they compute on pixels, where their range is written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.checks.value_ranges import _FROM_ZERO

pytestmark = [pytest.mark.tf, pytest.mark.slow]

LAYERS = [entry for entry in load_catalogue().entries("layers") if "value_range" in entry.parameters]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "RandomPosterization": {"factor": 4},
    "RandomColorJitter": {"brightness_factor": 0.2, "saturation_factor": 0.3, "hue_factor": 0.1},
    "RandomGaussianBlur": {"factor": 1.0, "sigma": 1.0},
    "RandomErasing": {"factor": 1.0},
    "RandomInvert": {"factor": 1.0},
    "RandomElasticTransform": {"factor": 1.0},
}


def augmented(name: str, low: float, high: float) -> np.ndarray:
    """Pixels that were brought to a range, augmented there, and brought back."""
    import keras

    parameters = load_catalogue().entry("layers", name).parameters  # type: ignore[union-attr]
    given = ARGUMENTS.get(
        name, {"factor": 0.3} if parameters.get("factor", None) and parameters["factor"].required else {}
    )
    seed = {"seed": 3} if "seed" in parameters else {}
    layer = getattr(keras.layers, name)(**given, **seed, value_range=[low, high])
    keras.utils.set_random_seed(1)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype(np.float32)
    made = np.asarray(layer(pixels / 255 * (high - low) + low, training=True), np.float64)
    return (made - low) / (high - low) * 255


@pytest.mark.parametrize("name", [entry.name for entry in LAYERS])
def test_on_a_smaller_range_it_is_the_same(name: str) -> None:
    np.testing.assert_allclose(augmented(name, 0, 1), augmented(name, 0, 255), atol=0.5)


@pytest.mark.parametrize("name", sorted(_FROM_ZERO))
def test_around_zero_these_are_wrong(name: str) -> None:
    assert np.abs(augmented(name, -1, 1) - augmented(name, 0, 255)).max() > 20
