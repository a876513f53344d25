"""Exports have no layers that do something in training alone, wherever they stand."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tf


def test_layers_that_augment_are_left_out_also_inside() -> None:
    import keras

    from bigmodel_cli.modeling.cut import leaves
    from bigmodel_cli.modeling.without_augmentation import without_augmentation

    inside = keras.Sequential([keras.layers.RandomRotation(0.2), keras.layers.RandomZoom(0.2)], name="inside")
    inputs = keras.Input((6, 6, 1), dtype="uint8")
    tensor = keras.layers.RandomFlip()(inputs)
    tensor = keras.layers.RandomCrop(4, 4)(inside(tensor))
    tensor = keras.layers.Conv2D(2, 3)(tensor)
    model = keras.Model(inputs, keras.layers.Flatten()(tensor), name="mine")
    left = without_augmentation(model)
    names = [type(layer).__name__ for layer in leaves(left)]
    # What crops does so always.
    assert [name for name in names if name.startswith("Random")] == ["RandomCrop"]
    given = np.random.default_rng(0).integers(0, 256, (3, 6, 6, 1), np.uint8)
    np.testing.assert_array_equal(left(given, training=False), model(given, training=False))
    assert left.name == "mine" and left.inputs[0].dtype == "uint8"
    # It has the same weights, and the model is as it was.
    assert left.weights[0] is model.weights[0] and "inside" in [layer.name for layer in model.layers]
    assert without_augmentation(left) is left
