"""Models of mixed precision, brought to float32."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tf


def model_of(dtype):
    import keras

    inputs = keras.Input((8, 8, 1), dtype="uint8")
    tensor = keras.layers.Rescaling(1 / 255, dtype=dtype)(inputs)
    tensor = keras.layers.Conv2D(4, 3, dtype=dtype)(tensor)
    inner = keras.Sequential([keras.layers.BatchNormalization(dtype=dtype)], name="inner")
    tensor = keras.layers.Reshape((36, 4), dtype=dtype)(inner(tensor))
    tensor = keras.layers.MultiHeadAttention(2, 3, dtype=dtype)(tensor, tensor)
    tensor = keras.layers.Flatten(dtype=dtype)(tensor)
    return keras.Model(inputs, keras.layers.Dense(3, dtype="float32")(tensor))


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_every_layer_computes_in_float32(dtype):
    from bigmodel_cli.modeling.precision import in_float32

    mixed, plain = model_of(dtype), model_of("float32")
    plain.set_weights(mixed.get_weights())
    found = in_float32(mixed)
    assert {layer.compute_dtype for layer in found._flatten_layers()} == {"float32"}
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype("uint8")
    np.testing.assert_array_equal(found(images), plain(images))
    assert [layer.name for layer in found.layers] == [layer.name for layer in mixed.layers]


def test_a_model_in_float32_is_itself():
    from bigmodel_cli.modeling.precision import in_float32

    model = model_of("float32")
    assert in_float32(model) is model
