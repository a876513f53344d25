"""Which layer Grad-CAM looks at."""

from __future__ import annotations

import pytest

from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.feature_maps import feature_maps, last_feature_map, named_feature_map

pytestmark = pytest.mark.tf


@pytest.fixture
def layers():
    import keras

    return keras.layers


def chain(*steps, shape=(16, 16, 1)):
    import keras

    inputs = tensor = keras.Input(shape)
    for step in steps:
        tensor = step(tensor)
    return keras.Model(inputs, tensor)


def test_the_last_convolution_of_a_chain(layers):
    model = chain(
        layers.Conv2D(2, 3, name="first"),
        layers.MaxPooling2D(),
        layers.Conv2D(2, 3, name="second"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(2),
    )
    assert last_feature_map(model).name == "second"
    assert [(one.layer.name, one.size) for one in feature_maps(model) if one.is_convolution] == [
        ("first", (14, 14)),
        ("second", (5, 5)),
    ]


def test_normalisation_and_activation_belong_to_the_convolution(layers):
    model = chain(
        layers.Conv2D(2, 3),
        layers.BatchNormalization(),
        layers.Activation("relu", name="closes"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(2),
    )
    assert last_feature_map(model).name == "closes"


def test_the_sum_of_a_residual_block_belongs_to_its_convolutions(layers):
    import keras

    inputs = keras.Input((16, 16, 1))
    stem = layers.Conv2D(4, 3, strides=2)(inputs)
    main = layers.Conv2D(4, 3, padding="same", name="main")(stem)
    shortcut = layers.Conv2D(4, 1, name="shortcut")(stem)
    added = layers.Add(name="sum")([main, shortcut])
    outputs = layers.Dense(2)(layers.GlobalAveragePooling2D()(added))
    assert last_feature_map(keras.Model(inputs, outputs)).name == "sum"


def test_a_sum_that_is_no_layer(layers):
    """As in the blocks of ConvNeXt."""
    import keras

    inputs = keras.Input((8, 8, 1))
    stem = layers.Conv2D(4, 3, padding="same")(keras.ops.cast(inputs, "float32"))
    added = stem + layers.Conv2D(4, 3, padding="same")(stem)
    model = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(added)))
    assert last_feature_map(model) is added._keras_history.operation


@pytest.mark.parametrize("pooling", ["avg", None])
def test_inside_an_application(layers, pooling):
    import keras

    inside = keras.applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, include_top=False, weights=None, pooling=pooling
    )
    model = chain(layers.Rescaling(1 / 255), inside, layers.Flatten(), layers.Dense(2), shape=(32, 32, 3))
    # At 32 × 32 all that is left at the end is one single place; what was there before has four.
    names = [one.layer.name for one in feature_maps(model)]
    assert "Conv_1" not in names
    assert last_feature_map(model).name == "block_13_expand_relu"


def test_the_end_of_an_application(layers):
    import keras

    inside = keras.applications.MobileNetV2(
        (64, 64, 3), alpha=0.35, include_top=False, weights=None, pooling="avg"
    )
    model = chain(inside, layers.Dense(2), shape=(64, 64, 3))
    assert last_feature_map(model).name == "out_relu"
    assert [one.layer.name for one in feature_maps(model) if one.is_convolution][-1] == "Conv_1"
    assert named_feature_map(model, "Conv_1").name == "Conv_1"


@pytest.mark.parametrize("name", ["DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"])
def test_other_convolutions(layers, name):
    arguments = {"kernel_size": 3, **({} if name == "DepthwiseConv2D" else {"filters": 2})}
    model = chain(
        getattr(layers, name)(**arguments, name="this"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(2),
    )
    assert last_feature_map(model).name == "this"


def test_without_a_convolution_the_last_map_that_something_was_learned_for(layers):
    model = chain(
        layers.Rescaling(1 / 255),
        layers.Dense(4, name="mixes"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(),
        layers.Dense(2),
    )
    assert last_feature_map(model).name == "pool"


def test_prepared_pixels_are_no_features(layers):
    normalization = layers.Normalization(mean=0.0, variance=1.0)
    model = chain(normalization, layers.Flatten(), layers.Dense(2))
    assert last_feature_map(model) is None
    with pytest.raises(
        UsageError, match="--layer x: Grad-CAM looks at the last convolution, and this model has none"
    ):
        named_feature_map(model, "x")


WITH_A_MAP = "layers with a map, the last ones first: conv_b, conv_a"


@pytest.mark.parametrize(
    ("name", "says", "hint"),
    [
        ("conv_bb", "the model has no such layer", "did you mean conv_b?"),
        ("flat", "its output is no map of features", WITH_A_MAP),
        ("xyz", "the model has no such layer", WITH_A_MAP),
    ],
)
def test_a_name_that_is_none(layers, name, says, hint):
    model = chain(
        layers.Conv2D(2, 3, name="conv_a"),
        layers.Conv2D(2, 3, name="conv_b"),
        layers.Flatten(name="flat"),
        layers.Dense(2),
    )
    with pytest.raises(UsageError, match=f"--layer {name}: {says}") as error:
        named_feature_map(model, name)
    assert error.value.hint == hint
