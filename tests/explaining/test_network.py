"""The number that is explained: the log-odds of a class, from before the last softmax or sigmoid."""

from __future__ import annotations

import numpy as np
import pytest

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.explaining.network import Network
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.scoring.probabilities import as_scores
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.signature import Signature
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression

from .conftest import SIGNATURE

pytestmark = pytest.mark.tf


def scores(network, pixels, targets=(0, 1)):
    return np.asarray(network.scores(pixels[np.newaxis].astype(np.float32), targets))[0]


def odds(probabilities):
    return np.log(probabilities / (1 - probabilities))


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("ending", ["activation", "layer", "logits", "float32"])
def test_log_odds_however_the_model_ends(by_hand, log_odds, pixels, units, ending):
    import keras

    name = "softmax" if units == 2 else "sigmoid"
    tail = None
    if ending == "layer":
        tail = keras.layers.Softmax() if units == 2 else keras.layers.Activation("sigmoid")
    elif ending == "float32":
        tail = keras.layers.Activation("linear", dtype="float32")
    has_it_inside = ending in ("activation", "float32")
    model = by_hand(units=units, activation=name if has_it_inside else None, tail=tail)
    network = Network(model, SIGNATURE, of_logits=name if ending == "logits" else None)
    assert network.explained == "log-odds"
    expected = log_odds(pixels)
    assert scores(network, pixels) == pytest.approx([-expected, expected], rel=1e-5)
    outputs = np.asarray(model(pixels[np.newaxis]))
    probabilities = as_scores(outputs, Reading(name if ending == "logits" else None))[0]
    assert odds(probabilities)[1] == pytest.approx(expected, rel=1e-3)


def test_it_does_not_saturate_where_the_probability_does(by_hand, log_odds, pixels):
    pixels[:] = 255
    model = by_hand()
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * 100, bias])
    assert np.asarray(model(pixels[np.newaxis]))[0, 1] == 1
    assert scores(Network(model, SIGNATURE), pixels)[1] == pytest.approx(100 * 8 - 3, rel=1e-5)


def test_more_classes_and_a_temperature(pixels):
    import keras

    signature = Signature.of(ImageKind(SIGNATURE.kind.format), Classification(tuple("abcde")))
    keras.utils.set_random_seed(0)
    inputs = keras.Input(signature.kind.shape, dtype="uint8", name="input")
    tensor = keras.layers.Flatten()(keras.ops.cast(inputs, "float32"))
    tensor = keras.layers.Rescaling(1 / 255)(tensor)
    model = keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(tensor))
    plain = np.asarray(model(pixels[np.newaxis]), np.float64)
    for temperature in (1.0, 2.5):
        network = Network(model, signature, temperature=temperature)
        expected = odds(DecisionRule(temperature).probabilities(plain))[0]
        assert scores(network, pixels, range(5)) == pytest.approx(expected, rel=1e-4)
        assert scores(network, pixels, [3]) == pytest.approx(expected[3:4], rel=1e-4)


def test_a_sigmoid_for_each_class(by_hand, log_odds, pixels):
    network = Network(by_hand(activation="sigmoid"), SIGNATURE)
    assert network.explained == "log-odds"
    assert scores(network, pixels) == pytest.approx([0, log_odds(pixels)], rel=1e-5)


def test_probabilities_whose_logits_are_out_of_sight(by_hand, log_odds, pixels):
    import keras

    network = Network(by_hand(tail=keras.layers.Reshape((2,))), SIGNATURE)
    assert network.explained == "log-odds"
    expected = log_odds(pixels)
    assert scores(network, pixels) == pytest.approx([-expected, expected], rel=1e-4)


@pytest.mark.parametrize("units", [1, 2])
def test_outputs_that_are_no_probabilities_are_explained_as_they_are(by_hand, log_odds, pixels, units):
    network = Network(by_hand(units=units, activation=None), SIGNATURE)
    assert network.explained == "output"
    first = -log_odds(pixels) if units == 1 else 0
    assert scores(network, pixels) == pytest.approx([first, log_odds(pixels)], rel=1e-5)


def test_a_predicted_number(by_hand, log_odds, pixels):
    signature = Signature.of(ImageKind(SIGNATURE.kind.format), Regression())
    network = Network(by_hand(units=1, activation=None), signature)
    assert network.explained == "output"
    assert scores(network, pixels, [0]) == pytest.approx([log_odds(pixels)], rel=1e-5)


def test_the_head_of_an_application_inside_the_model():
    import keras

    keras.utils.set_random_seed(0)
    signature = Signature.of(ImageKind(ImageFormat((32, 32), "rgb")), Classification(tuple("abcd")))
    inside = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=4)
    inputs = keras.Input((32, 32, 3), dtype="uint8", name="input")
    model = keras.Model(inputs, inside(keras.layers.Rescaling(1 / 127.5, -1)(inputs)))
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    expected = odds(np.asarray(model(pixels[np.newaxis], training=False), np.float64)[0])
    network = Network(model, signature, tapped=inside.get_layer("block_3_expand_relu"))
    assert scores(network, pixels, range(4)) == pytest.approx(expected, rel=1e-4)
    _, features = network.scores_and_features(pixels[np.newaxis].astype(np.float32), [0])
    assert tuple(features.shape[:3]) == (1, 8, 8)
    # What was loaded is as it was.
    assert np.asarray(model(pixels[np.newaxis])).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["Rescaling", "Normalization", "Resizing"])
def test_float_pixels_say_what_whole_ones_do(pixels, name):
    import keras

    step = {
        "Rescaling": lambda: keras.layers.Rescaling(1 / 255),
        "Normalization": lambda: keras.layers.Normalization(mean=30.0, variance=99.0),
        "Resizing": lambda: keras.layers.Resizing(8, 8),
    }[name]()
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16, 16, 1), dtype="uint8", name="input")
    tensor = step(inputs)
    tensor = keras.ops.cast(tensor, "float32") if tensor.dtype == "uint8" else tensor
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(tensor)))
    expected = np.asarray(model(pixels[np.newaxis]))[0]
    # Resizing rounds where it is given whole numbers.
    assert scores(Network(model, SIGNATURE), pixels) == pytest.approx(expected, rel=0.02)
