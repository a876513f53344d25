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


def in_float32(model, tmp_path):
    import keras

    from bigmodel_cli.modeling.precision import write_in_float32

    model.save(tmp_path / "mixed.keras")
    assert write_in_float32(tmp_path / "mixed.keras", tmp_path / "plain.keras")
    return keras.models.load_model(tmp_path / "plain.keras", compile=False)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_every_layer_computes_in_float32(dtype, tmp_path):
    mixed, plain = model_of(dtype), model_of("float32")
    plain.set_weights(mixed.get_weights())
    found = in_float32(mixed, tmp_path)
    assert {layer.compute_dtype for layer in found._flatten_layers()} == {"float32"}
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1)).astype("uint8")
    np.testing.assert_array_equal(found(images), plain(images))
    assert [layer.name for layer in found.layers] == [layer.name for layer in mixed.layers]


def test_a_model_in_float32_is_not_written_again(tmp_path):
    from bigmodel_cli.modeling.precision import write_in_float32

    model_of("float32").save(tmp_path / "model.keras")
    assert not write_in_float32(tmp_path / "model.keras", tmp_path / "plain.keras")
    assert not (tmp_path / "plain.keras").exists()


def test_what_layers_have_learnt_beside_their_weights_stays(tmp_path):
    """Means that are made of weights once, vocabularies and their weights, bounds."""
    import keras
    import tensorflow as tf

    numbers = np.random.default_rng(0).normal(50, 9, (200, 3)).astype("float32")
    words = np.array(["red", "green", "red", ""] * 50)
    texts = np.array(["a red cat", "a green dog", "dogs", ""] * 50)

    def layers(dtype):
        yield "numbers", keras.layers.Normalization(dtype=dtype), numbers
        yield (
            "numbers",
            keras.layers.Discretization(num_bins=4, output_mode="multi_hot", dtype=dtype),
            numbers,
        )
        yield "words", keras.layers.StringLookup(output_mode="one_hot", mask_token=""), words
        yield "texts", keras.layers.TextVectorization(output_mode="tf_idf"), texts

    def model(dtype):
        inputs = {
            "numbers": keras.Input((3,), name="numbers"),
            "words": keras.Input((), dtype="string", name="words"),
            "texts": keras.Input((), dtype="string", name="texts"),
        }
        encoded = []
        for name, layer, values in layers(dtype):
            layer.adapt(values)
            encoded.append(keras.ops.cast(layer(inputs[name]), "float32"))
        features = keras.layers.Concatenate(dtype=dtype)(encoded)
        return keras.Model(inputs, keras.layers.Dense(2, kernel_initializer="ones", dtype=dtype)(features))

    rows = {
        "numbers": tf.constant(numbers[:3]),
        "words": tf.constant(["green", "", "blue"]),
        "texts": tf.constant(["a cat", "green", ""]),
    }
    mixed, plain = model("mixed_bfloat16"), model("float32")
    np.testing.assert_allclose(in_float32(mixed, tmp_path)(rows), plain(rows), rtol=1e-5)
